//! A token is cancelled with its ancestors, alone or with its descendants, and for ever.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::CancellationToken;
use unpick_primitives::task::sleep;

use crate::harness::{Model, World, check_model};

/// Every token that was made, in the order in which they were; `None` where it was dropped.
type Tokens = RefCell<Vec<Option<CancellationToken>>>;

/// The parent of each token, and whether it is cancelled.
struct Tree(Vec<(Option<usize>, bool)>);

#[derive(Debug)]
enum Event {
    Born {
        parent: usize,
    },
    Cancelled(usize),
    /// Somebody asked one of them.
    Asked(usize, bool),
    /// Somebody was told by one of them.
    Told(usize),
}

impl Tree {
    fn cancel(&mut self, token: usize) {
        self.0[token].1 = true;
        for child in 0..self.0.len() {
            if self.0[child] == (Some(token), false) {
                self.cancel(child);
            }
        }
    }
}

impl Model for Tree {
    type Event = Event;
    type Want = usize;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match *event {
            Event::Born { parent } => {
                let is_cancelled = self.0[parent].1;
                self.0.push((Some(parent), is_cancelled));
                true
            }
            Event::Cancelled(token) => {
                self.cancel(token);
                true
            }
            Event::Asked(token, is_cancelled) => self.0[token].1 == is_cancelled,
            Event::Told(token) => self.0[token].1,
        };
        if is_possible { Ok(()) } else { Err(format!("{:?}", self.0)) }
    }

    fn may_wait(&self, token: &usize, _begun: u64) -> bool {
        !self.0[*token].1
    }
}

/// Each means one of the tokens that there are when it is carried out.
#[derive(Clone, Debug)]
enum Operation {
    MakeChild(usize),
    Cancel(usize),
    /// Drops the handle: its children still are its parent's grandchildren.
    Drop(usize),
    Ask(usize),
    Wait(usize),
    /// Sleeps until it is cancelled, or for so long.
    Sleep(usize, u64),
    /// Cancels it when something is dropped, or not.
    Guard(usize, bool),
}

async fn perform(world: Rc<World<Tokens, Tree>>, operation: Operation) {
    let pick = |number: usize| {
        let tokens = world.primitive.borrow();
        let number = number % tokens.len();
        tokens[number].clone().map(|token| (number, token))
    };
    match operation {
        Operation::MakeChild(number) => {
            let Some((parent, token)) = pick(number) else { return };
            world.primitive.borrow_mut().push(Some(token.child_token()));
            world.happened(Event::Born { parent });
        }
        Operation::Cancel(number) => {
            let Some((number, token)) = pick(number) else { return };
            token.cancel();
            world.happened(Event::Cancelled(number));
        }
        Operation::Drop(number) => {
            let Some((number, token)) = pick(number) else { return };
            drop(token);
            world.primitive.borrow_mut()[number] = None;
        }
        Operation::Ask(number) => {
            let Some((number, token)) = pick(number) else { return };
            world.happened(Event::Asked(number, token.is_cancelled()));
        }
        Operation::Wait(number) => {
            let Some((number, token)) = pick(number) else { return };
            world.wait(number, token.cancelled()).await;
            world.happened(Event::Told(number));
        }
        Operation::Sleep(number, micros) => {
            let Some((number, token)) = pick(number) else { return };
            let asleep = sleep(Duration::from_micros(micros));
            if token.run_until_cancelled_owned(asleep).await.is_none() {
                world.happened(Event::Told(number));
            }
        }
        Operation::Guard(number, is_disarmed) => {
            let Some((number, token)) = pick(number) else { return };
            let guard = token.drop_guard();
            if is_disarmed {
                drop(guard.disarm());
            } else {
                drop(guard);
                world.happened(Event::Cancelled(number));
            }
        }
    }
}

#[test]
fn cancellation_token_agrees_with_its_model() {
    let token = || 0..8_usize;
    let operations = prop_oneof![
        4 => token().prop_map(Operation::MakeChild),
        1 => token().prop_map(Operation::Cancel),
        1 => token().prop_map(Operation::Drop),
        1 => token().prop_map(Operation::Ask),
        4 => token().prop_map(Operation::Wait),
        2 => (token(), 0..4u64).prop_map(|(token, micros)| Operation::Sleep(token, micros)),
        1 => (token(), any::<bool>()).prop_map(|(token, off)| Operation::Guard(token, off)),
    ];
    let make = |_| {
        let root = Some(CancellationToken::new());
        (RefCell::new(vec![root]), Tree(vec![(None, false)]))
    };
    check_model(operations, make, perform);
}
