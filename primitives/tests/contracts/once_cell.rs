//! Once-cells.

use std::future::{pending, ready as at_once};

use unpick_primitives::OnceCell;
use unpick_primitives::once_cell::SetError;

use crate::hand::{ready, waiting};

#[test]
fn those_who_wait_get_the_value_that_was_made() {
    let cell = OnceCell::new();
    let gate = unpick_primitives::Event::new();
    let mut first = waiting(cell.get_or_init(async || {
        gate.wait().await;
        1
    }));
    let mut second = waiting(cell.get_or_init(|| at_once(2)));
    let mut third = waiting(cell.get_or_init(|| at_once(3)));
    gate.set();
    assert_eq!(first.assert_ready(), &1);
    assert_eq!((second.assert_ready(), third.assert_ready()), (&1, &1));
}

#[test]
fn a_cancelled_initializer_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let first = waiting(cell.get_or_init(pending));
    let mut second = waiting(cell.get_or_init(|| at_once(2)));
    drop(first);
    assert_eq!(second.assert_ready(), &2);
}

#[test]
fn a_failed_initializer_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let gate = unpick_primitives::Event::new();
    let mut first = waiting(cell.get_or_try_init(async || {
        gate.wait().await;
        Err("no")
    }));
    let mut second = waiting(cell.get_or_init(|| at_once(2)));
    gate.set();
    assert_eq!(first.assert_ready(), Err("no"));
    assert_eq!(second.assert_ready(), &2);
}

#[test]
fn cancelled_waiter_passes_the_turn_on() {
    let cell = OnceCell::new();
    let first = waiting(cell.get_or_init(pending));
    let second = waiting(cell.get_or_init(|| at_once(2)));
    let mut third = waiting(cell.get_or_init(|| at_once(3)));
    drop(first);
    drop(second);
    assert_eq!(third.assert_ready(), &3);
}

#[test]
fn a_cell_nobody_has_initialized_is_free_again() {
    let cell = OnceCell::new();
    let first = waiting(cell.get_or_init(pending));
    assert_eq!(cell.set(1), Err(SetError::Initializing(1)));
    drop(first);
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(ready(cell.get_or_init(|| at_once(2))), &1);
}

#[test]
fn a_cell_that_was_emptied_is_initialised_again() {
    let mut cell = OnceCell::from(1);
    assert_eq!(cell.set(2), Err(SetError::AlreadyInitialized(2)));
    assert_eq!((cell.take(), cell.take()), (Some(1), None));
    assert_eq!(ready(cell.get_or_init(|| at_once(3))), &3);
}

#[test]
fn a_clone_has_a_value_of_its_own() {
    let cell = OnceCell::new();
    let empty = cell.clone();
    assert_eq!(cell.set(1), Ok(()));
    let mut full = cell.clone();
    assert!(cell == full && cell != empty && empty == OnceCell::new_with(None));
    assert_eq!(full.take(), Some(1));
    assert_eq!((cell.get(), empty.get()), (Some(&1), None));
    assert_eq!(empty.set(2), Ok(()), "it can be initialized by itself");
    assert_eq!(cell.clone().set(2), Err(SetError::AlreadyInitialized(2)));
}

#[test]
fn an_initializer_that_panics_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let gate = unpick_primitives::Event::new();
    let mut first = waiting(cell.get_or_init(async || {
        gate.wait().await;
        panic!("half-way")
    }));
    let mut second = waiting(cell.get_or_init(|| at_once(2)));
    gate.set();
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| first.poll().is_ready()));
    assert!(panicked.is_err());
    assert_eq!((second.wakes(), second.assert_ready()), (1, &2));
}
