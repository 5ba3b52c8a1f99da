//! Tests that run inside of runs in the place of tokio's runtimes.

use crate::scan::{Test, closing};

/// What each file gets at its end: one test as the plain run and 100 random ones.
pub(crate) const HELPER: &str = r#"
fn __inside<F, Fut>(program: F)
where
    F: Fn() -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    let run = |run: unpick_sim::Run, which: String| {
        let outcome = run.execute(|| {
            tokio::sim::enter();
            program()
        });
        if let Err(finding) = outcome.result {
            panic!("{which}: {finding}");
        }
    };
    run(unpick_sim::Run::new().plain(), "the plain run".to_owned());
    for seed in 1..=100 {
        run(unpick_sim::Run::new().seed(seed), format!("seed {seed}"));
    }
}
"#;

/// Statics belong to a run where each run is to begin afresh.
const OF_A_RUN: [(&str, &str); 2] = [
    (
        "static ONCE: OnceCell<u32> = OnceCell::const_new();",
        "let ONCE: &'static OnceCell<u32> = Box::leak(Box::new(OnceCell::const_new()));",
    ),
    (
        "static ONCE: SetOnce<u32> = SetOnce::const_new();",
        "let ONCE: &'static SetOnce<u32> = Box::leak(Box::new(SetOnce::const_new()));",
    ),
];

/// Statics that count, from zero in each run.
const COUNTERS: [&str; 3] = ["COUNTER", "NUM_DROPPED", "NUM_DROPPED_UNBOUNDED"];

/// The test, inside of runs.
pub(crate) fn wrapped(test: &Test) -> String {
    let Test { name, attributes, output, body, .. } = test;
    let mut body = body.clone();
    for (text, instead) in OF_A_RUN {
        if body.contains(text) {
            body = body.replace(text, instead).replace("&ONCE", "&*ONCE");
        }
    }
    for counter in COUNTERS {
        if body.contains(&format!("{counter}.load(")) {
            let zero = format!("{{ {counter}.store(0, std::sync::atomic::Ordering::SeqCst);");
            body.replace_range(..1, &zero);
        }
    }
    let body = match output {
        None => format!("async {body}"),
        Some(output) => format!(
            "async {{ let output: {output} = (async {body}).await; output.expect(\"it passes\"); }}"
        ),
    };
    format!("#[test]\n{attributes}fn {name}() {{ crate::__inside(|| {body}); }}")
}

/// The text of a test that blocks on futures, which awaits them.
pub(crate) fn awaiting(body: &str) -> String {
    let mut text = body.to_owned();
    let calls = [("rt.block_on(", "("), ("rt()\n        .block_on(", "(")];
    let of_sets = [(".block_on(&rt, ", ".run_until(")];
    for (call, instead) in calls.into_iter().chain(of_sets) {
        while let Some(at) = text.find(call) {
            let open = at + call.len() - 1 - usize::from(call.ends_with(' ')) * "&rt, ".len();
            let close = closing(&text, open).expect("a call is closed");
            text.insert_str(close + 1, ".await");
            text.replace_range(at..at + call.len(), instead);
        }
    }
    text
}
