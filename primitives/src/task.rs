//! Tasks and what combines them: asyncio's `gather`, `wait`, `timeout`, `shield` and task groups.
