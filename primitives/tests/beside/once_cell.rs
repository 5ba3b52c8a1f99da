//! Cells that are set once.

use std::sync::Arc;

use proptest::prelude::*;

use crate::hand::{SLOTS, Slots, check_same, pause};

#[derive(Clone, Debug)]
enum Operation {
    Set(u8),
    /// In a slot; the initializer takes that many polls more.
    GetOrInit(usize, usize, u8),
    /// The same, for one that fails.
    GetOrFail(usize, usize),
    Poll(usize),
    Drop(usize),
}

macro_rules! side {
    ($is_initialized:pat) => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let cell = Arc::new(OnceCell::<u8>::new());
            let mut slots = Slots::default();
            let perform = |operation: &Operation| {
                let cell = cell.clone();
                let done = match *operation {
                    Operation::Set(value) => match cell.set(value) {
                        Ok(()) => "set",
                        Err($is_initialized) => "initialized",
                        Err(_) => "initializing",
                    }
                    .into(),
                    Operation::GetOrInit(slot, polls, value) => slots.begin(slot, {
                        let cell = cell.clone();
                        async move {
                            let made = cell.get_or_init(|| async {
                                for _ in 0..polls {
                                    pause().await;
                                }
                                value
                            });
                            format!("{}", made.await)
                        }
                    }),
                    Operation::GetOrFail(slot, polls) => slots.begin(slot, {
                        let cell = cell.clone();
                        async move {
                            let made = cell.get_or_try_init(|| async {
                                for _ in 0..polls {
                                    pause().await;
                                }
                                Err("no")
                            });
                            format!("{:?}", made.await)
                        }
                    }),
                    Operation::Poll(slot) => slots.poll(slot),
                    Operation::Drop(slot) => {
                        slots.drop(slot);
                        String::from("dropped")
                    }
                };
                let value = (cell.initialized(), cell.get().copied());
                format!("{operation:?}: {done}, {value:?}, {:?}", slots.woken())
            };
            operations.iter().map(perform).collect()
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::once_cell::{OnceCell, SetError};

    side!(SetError::AlreadyInitialized(_));
}

mod tokios {
    use super::*;
    use tokio::sync::{OnceCell, SetError};

    side!(SetError::AlreadyInitializedError(_));
}

#[test]
fn our_cells_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        2 => any::<u8>().prop_map(Operation::Set),
        3 => (slot.clone(), 0..3_usize, any::<u8>())
            .prop_map(|(slot, polls, value)| Operation::GetOrInit(slot, polls, value)),
        3 => (slot.clone(), 0..3_usize)
            .prop_map(|(slot, polls)| Operation::GetOrFail(slot, polls)),
        7 => slot.clone().prop_map(Operation::Poll),
        3 => slot.prop_map(Operation::Drop),
    ];
    check_same(operations, ours::run, tokios::run);
}
