//! What no tape controls shows when a seed is run again: `futures::select!` without `biased`
//! draws from a generator of its thread, and so does `tokio::sync::watch` for the order in which
//! it wakes its receivers.

use std::future::Future;

use futures::{FutureExt, select, select_biased};
use tokio::sync::watch;
use unpick::sim::{Run, current_path, spawn, step, yield_now};

/// Whether runs of one seed differ: here, and on threads of their own.
fn differs<F, Fut>(program: F) -> bool
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    let trace = || {
        let outcome = Run::new().seed(9).traced().execute(&program);
        (outcome.tape, outcome.trace.map(|trace| trace.to_text()))
    };
    let first = trace();
    let again = (0..5).map(|_| trace()).any(|trace| trace != first);
    let elsewhere = || std::thread::scope(|scope| scope.spawn(trace).join());
    let elsewhere = elsewhere().expect("it only runs the program") != first;
    again || elsewhere
}

async fn unbiased() {
    for _ in 0..40 {
        let (mut left, mut right) = (futures::future::ready(()), futures::future::ready(()));
        select! {
            () = left => unpick::event!("left"),
            () = right => unpick::event!("right"),
        }
        yield_now().await;
    }
}

async fn biased() {
    for _ in 0..40 {
        let (mut left, mut right) = (step().fuse(), futures::future::ready(()));
        select_biased! {
            () = left => unpick::event!("left"),
            () = right => unpick::event!("right"),
        }
        yield_now().await;
    }
}

#[test]
fn runs_of_one_seed_differ_when_a_select_is_not_biased() {
    assert!(differs(unbiased));
}

#[test]
fn runs_of_one_seed_do_not_differ_when_a_select_is_biased() {
    assert!(!differs(biased));
}

async fn watched(receivers: usize) {
    let (sender, receiver) = watch::channel(0);
    for _ in 0..receivers {
        let mut receiver = receiver.clone();
        spawn(async move {
            while receiver.changed().await.is_ok() {
                unpick::event!("{:?} sees it", current_path());
            }
        });
    }
    for value in 1..20 {
        yield_now().await;
        sender.send(value).expect("there are receivers");
    }
}

#[test]
fn runs_of_one_seed_differ_when_tokios_watch_has_several_receivers() {
    assert!(differs(|| watched(4)));
    assert!(!differs(|| watched(1)));
}
