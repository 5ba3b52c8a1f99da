//! The guide's programs print what they are to print, at the virtual times at which CPython
//! prints it.

use unpick::Run;
use unpick::sim::trace::EventKind;
use unpick_scenarios::SCENARIOS;

/// What a scenario says under plain scheduling, with its times, and how it ends.
#[track_caller]
fn said(name: &str, variant: &str) -> String {
    let scenario =
        SCENARIOS.iter().find(|scenario| scenario.name == name).expect("it is in the collection");
    let variant = scenario.variant(Some(variant)).expect("it has this variant");
    let outcome = Run::new().plain().traced().execute(variant.program);
    let trace = outcome.trace.expect("the run is traced");
    let mut text = String::new();
    for event in &trace.events {
        if let EventKind::Said { text: said, .. } = &event.kind {
            text.push_str(&format!("{} {said}\n", event.at));
        }
    }
    let result = outcome.result.expect("a program of the guide has no finding");
    text.push_str(&format!("{} {result:?}", outcome.elapsed));
    text
}

#[test]
fn hello() {
    insta::assert_snapshot!("hello", said("hello", "fixed"));
}

#[test]
fn gather() {
    insta::assert_snapshot!("gather", said("gather", "fixed"));
}

#[test]
fn producer_consumer() {
    insta::assert_snapshot!("producer_consumer", said("producer-consumer", "fixed"));
}

#[test]
fn timeout() {
    insta::assert_snapshot!("timeout", said("timeout", "fixed"));
}

#[test]
fn counter_without_the_lock() {
    insta::assert_snapshot!("counter_without_the_lock", said("counter", "buggy"));
}

#[test]
fn counter_with_the_lock() {
    insta::assert_snapshot!("counter_with_the_lock", said("counter", "fixed"));
}

#[test]
fn semaphore() {
    insta::assert_snapshot!("semaphore", said("semaphore", "fixed"));
}

#[test]
fn future() {
    insta::assert_snapshot!("future", said("future", "fixed"));
}
