//! Events.

use unpick_primitives::Event;

use crate::hand::{ready, waiting};

#[test]
fn setting_wakes_everybody_once() {
    let event = Event::new();
    let mut waiters = [waiting(event.wait()), waiting(event.wait())];
    event.set();
    event.set();
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes(), 1);
        waiter.assert_ready();
    }
    ready(event.wait());
}

#[test]
fn who_was_woken_passes_even_if_the_event_is_cleared_first() {
    let event = Event::new();
    let mut waiter = waiting(event.wait());
    event.set();
    event.clear();
    waiter.assert_ready();
    waiting(event.wait());
}

#[test]
fn a_cancelled_waiter_is_forgotten() {
    let event = Event::new().named("ready");
    let (first, second) = (waiting(event.wait()), waiting(event.wait()));
    assert_eq!(format!("{event:?}"), "<Event ready [unset, waiters:2]>");
    drop(first);
    assert_eq!(format!("{event:?}"), "<Event ready [unset, waiters:1]>");
    event.set();
    assert_eq!(second.wakes(), 1);
}
