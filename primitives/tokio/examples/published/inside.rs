//! Tests that run inside of runs in the place of tokio's runtimes.

use crate::scan::Test;

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

/// The test, inside of runs.
pub(crate) fn wrapped(test: &Test) -> String {
    let Test { name, attributes, output, body, .. } = test;
    let body = match output {
        None => format!("async {body}"),
        Some(output) => format!(
            "async {{ let output: {output} = (async {body}).await; output.expect(\"it passes\"); }}"
        ),
    };
    format!("#[test]\n{attributes}fn {name}() {{ __inside(|| {body}); }}")
}
