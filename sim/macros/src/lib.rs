//! The attribute macros of [unpick](https://docs.rs/unpick), which re-exports `#[unpick::test]`, and
//! of [unpick-tokio](https://docs.rs/unpick-tokio), whose `#[tokio::test]` is here.
//!
//! It is written against `proc_macro` alone, so that it costs no build of a parser.

#![forbid(unsafe_code)]

mod failure;
mod function;
mod options;
mod tokio;

use proc_macro::TokenStream;

use self::failure::Failure;
use self::function::Function;
use self::options::Settings;

/// Makes a test of an async function without arguments: a hunt that calls it afresh for each run.
///
/// The function returns nothing, or a `Result` whose error is a finding. It works beside
/// `#[ignore]`, `#[should_panic]`, `#[cfg(…)]` and rstest's `#[case]`. All options can be left
/// out:
///
/// | option | value | default |
/// |---|---|---|
/// | `runs` | how many runs to make, from 1 | 1000 |
/// | `seed` | the base seed | derived from the test's path |
/// | `switching` | `"preemptive"`, `"cooperative"` or `"both"` | `"preemptive"` |
/// | `time` | `"exact"` or `"stalling"` | `"exact"` |
/// | `leaks` | `"allow"` or `"forbid"` | `"allow"` |
/// | `expect` | the kind of finding that there must be, such as `"deadlock"` | none |
/// | `strategy` | the only strategy after calibration, such as `"surw"` or `"pct(3)"` | the portfolio |
/// | `jobs` | on how many threads to make runs, from 1 | 1 |
/// | `shard` | which part of the runs to make, of how many, such as `"2/4"` | all of them |
/// | `steps` | how many steps a run may take, from 1 | 1 000 000 |
/// | `wall` | how long the hunt may take, such as `"30 s"` or `"500 ms"` | no limit |
/// | `distinct` | how many distinct findings to collect, from 1 | 1 |
/// | `order` | points to be passed in this order: `["read", "write"]` | any order |
/// | `reach` | labels that some run must come to: `["retried"]` | none |
/// | `isolate` | in which process to make runs: `"process"`, one of their own, or `"none"` | `"none"` |
/// | `vacuous` | what becomes of a test in which nothing can be interleaved: `"fail"` or `"allow"` | `"fail"` |
/// | `explain` | which failures are explained: `"unexpected"` or `"none"` | `"unexpected"` |
/// | `regressions` | the file with failures that are kept, or `"off"` | beside `Cargo.toml` |
/// | `reports` | the folder for reports | `unpick/` in the target folder |
/// | `options` | an expression: how each run is carried out, as far as other options do not say | `Options::default()` |
/// | `faults` | an expression: which faults may strike | `Faults::OFF` |
/// | `detectors` | an expression: which detectors listen | `Detectors::DEFAULT` |
/// | `crate` | the path of the crate, if it is not `"::unpick"` | |
///
/// Labels of `sometimes!` and `reachable!` that stand in the function's own body are demanded: the
/// test fails if no run comes to them.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let made = Settings::parse(attribute).and_then(|settings| {
        let function = Function::parse(item, "#[unpick::test]")?;
        Ok(function.test(&settings))
    });
    made.unwrap_or_else(Failure::into_tokens)
}

/// Tokio's `#[tokio::test]`, with all its arguments, whose test is a hunt if the environment says
/// so: see unpick-tokio.
#[proc_macro_attribute]
pub fn tokio_test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tokio::test(attribute, item).unwrap_or_else(Failure::into_tokens)
}
