//! Cancellation tokens.

use std::future::pending;

use unpick_primitives::CancellationToken;

use crate::hand::{ready, waiting};

#[test]
fn cancelling_wakes_everybody_below_and_nobody_above() {
    let root = CancellationToken::new();
    let (middle, sibling) = (root.child_token(), root.child_token());
    let leaf = middle.child_token();
    let (above, beside) = (waiting(root.cancelled()), waiting(sibling.cancelled()));
    let mut below = [waiting(middle.cancelled()), waiting(leaf.cancelled())];
    middle.cancel();
    for waiter in &mut below {
        waiter.assert_ready();
    }
    assert_eq!((above.wakes(), beside.wakes()), (0, 0));
    root.cancel();
    assert_eq!((above.wakes(), beside.wakes()), (1, 1));
}

#[test]
fn a_grandchild_is_cancelled_although_the_child_between_was_dropped() {
    let root = CancellationToken::new();
    let leaf = root.child_token().child_token();
    root.cancel();
    ready(leaf.cancelled());
}

#[test]
fn a_child_that_was_dropped_makes_room_for_another() {
    let root = CancellationToken::new();
    let first = root.child_token();
    drop(root.child_token());
    let second = root.child_token();
    root.cancel();
    assert!(first.is_cancelled() && second.is_cancelled());
}

#[test]
fn a_future_that_is_cancelled_is_dropped_and_one_that_is_ready_counts() {
    let token = CancellationToken::new();
    let mut stuck = waiting(token.run_until_cancelled(pending::<()>()));
    let gate = unpick_primitives::Event::new();
    let mut both = waiting(token.run_until_cancelled(gate.wait()));
    gate.set();
    token.cancel();
    assert_eq!(stuck.assert_ready(), None);
    assert_eq!(both.assert_ready(), Some(()));
}

#[test]
#[should_panic(expected = "a token is named before it is shared")]
fn a_shared_token_cannot_be_named() {
    let token = CancellationToken::new();
    let _child = token.child_token();
    let _named = token.named("late");
}

#[test]
fn clones_are_the_same_token_and_children_are_not() {
    let token = CancellationToken::new();
    assert!(token == token.clone());
    assert!(token != token.child_token() && token != CancellationToken::new());
}
