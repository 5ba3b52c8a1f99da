//! Reports of long runs: short, and in time.

#[path = "../support/long_run.rs"]
mod long_run;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use long_run::talk_and_get_stuck;
use unpick::sim::finding::{Finding, Kind};
use unpick::sim::trace::Trace;
use unpick::{Options, Run};

/// A run of about so many rounds of 28 events.
fn long_run(rounds: usize) -> (Trace, Finding) {
    let options = Options { steps_max: 10_000_000, ..Options::default() };
    let outcome = Run::with(options).plain().traced().execute(|| talk_and_get_stuck(rounds));
    let finding = outcome.result.expect_err("it gets stuck");
    assert_eq!(finding.kind, Kind::Deadlock);
    (outcome.trace.expect("it is traced"), finding)
}

#[test]
fn a_run_of_100_000_events_has_a_short_report() {
    let (trace, finding) = long_run(3_500);
    assert!(trace.events.len() >= 100_000, "{} events", trace.events.len());
    let lanes = trace.lanes().involving(&finding).to_string();
    let tail = trace.tail(&trace.involved(&finding), 5);
    let told = finding.to_string();
    for (what, text) in [("lanes", lanes), ("tail", tail), ("finding", told)] {
        let lines = text.lines().count();
        assert!(lines < 70, "{what}: {lines} lines");
    }
    assert!(trace.lanes().to_string().contains("more lines"), "what is left out is counted");
}

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates.
struct Counting;

// SAFETY: everything is left to the system's allocator; the count is a plain cell of the thread
// that needs no allocation of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ending = ALLOCATED.try_with(|count| count.set(count.get() + layout.size()));
        // SAFETY: the layout is passed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: it was allocated above, by the same allocator and with the same layout.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes are allocated for this.
fn allocated<T>(make: impl FnOnce() -> T) -> usize {
    let before = ALLOCATED.get();
    drop(make());
    ALLOCATED.get() - before
}

/// Four times as many events take four times as much memory, give or take what does not grow.
#[test]
fn what_a_form_of_a_trace_takes_is_linear_in_its_events() {
    type Form = (&'static str, fn(&Trace, &Finding) -> String);
    let forms: [Form; 7] = [
        ("lanes", |trace, finding| trace.lanes().involving(finding).to_string()),
        ("tail", |trace, finding| trace.tail(&trace.involved(finding), 5)),
        ("text", |trace, _| trace.to_text()),
        ("normal form", |trace, _| trace.normal_form().to_string()),
        ("JSON Lines", |trace, _| trace.to_jsonl()),
        ("Chrome trace", |trace, _| trace.to_chrome()),
        ("wait-for graph", |_, finding| unpick::sim::trace::wait_graph(finding)),
    ];
    let (small, large) = (long_run(250), long_run(1_000));
    let events = [&small, &large].map(|(trace, _)| trace.events.len());
    assert!((39..=41).contains(&(events[1] * 10 / events[0])), "{events:?}");
    for (name, form) in forms {
        let [few, many] =
            [&small, &large].map(|(trace, finding)| allocated(|| form(trace, finding)));
        // Buffers double when they are full.
        assert!(
            many <= few * 6,
            "{name}: {few} bytes for {} events, {many} for {}",
            events[0],
            events[1]
        );
    }
}
