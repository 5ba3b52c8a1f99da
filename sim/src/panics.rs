//! Panics inside a run: kept with their place, and not printed.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::engine;
use crate::finding::Place;
use crate::probe;

thread_local! {
    /// Where the last panic inside a run happened.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
    /// What it said, until somebody asks: see [`take_last`].
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs, once for the process, a panic hook that keeps quiet on threads that are inside a
/// run, and hands everything else on to the hook that was there before.
pub(crate) fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if engine::is_inside() {
                keep(info);
            } else {
                previous(info);
            }
        }));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    let place = info.location().map(Place::from);
    let message = message_of(info.payload());
    if let Some(companion) = probe::companion() {
        (companion.panicked)(&message);
    }
    let _ = MESSAGE.try_with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            *kept = Some(message);
        }
    });
    // The thread may be ending, or be here for the second time: then the place stays unknown.
    let _ = PLACE.try_with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            *kept = place;
        }
    });
}

/// What the last panic inside a run on this thread said, and where it happened, if there was one
/// since this was last asked.
pub(crate) fn take_last() -> Option<(String, Option<Place>)> {
    let message = MESSAGE.with(|kept| kept.borrow_mut().take())?;
    Some((message, take_place()))
}

/// Where the last panic inside a run on this thread happened.
pub(crate) fn take_place() -> Option<Place> {
    PLACE.with(|kept| kept.borrow_mut().take())
}

/// Puts back what [`take_place`] took.
pub(crate) fn put_place(place: Option<Place>) {
    PLACE.with(|kept| *kept.borrow_mut() = place);
}

/// What the payload of a panic says.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&'static str>() {
        Some(message) => (*message).to_owned(),
        None => match payload.downcast_ref::<String>() {
            Some(message) => message.clone(),
            None => String::from("a panic whose payload is not a text"),
        },
    }
}

/// The message of a panic that was caught. The payload is dropped here, guarded: a payload
/// whose own drop panics does not get through.
pub(crate) fn caught(payload: Box<dyn Any + Send>) -> String {
    let message = message_of(&*payload);
    let place = PLACE.with(|kept| kept.borrow().clone());
    if let Err(again) = panic::catch_unwind(panic::AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
        PLACE.with(|kept| *kept.borrow_mut() = place);
    }
    message
}
