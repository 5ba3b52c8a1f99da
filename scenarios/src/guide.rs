//! The programs of an asyncio guide, each printing what the guide's prints.

pub(crate) mod counter;
pub(crate) mod future;
pub(crate) mod gather;
pub(crate) mod hello;
pub(crate) mod producer_consumer;
pub(crate) mod semaphore;
pub(crate) mod timeout;
