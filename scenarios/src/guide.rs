//! The programs of an asyncio guide.

pub(crate) mod hello;
