//! What a hunt keeps from one time to the next.

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use unpick::sim::hunt::regressions::{Alignment, Entry, Regressions};
use unpick::sim::hunt::{Hunt, Origin};
use unpick::sim::pick;
use unpick::{Finding, Kind, Report, Run};

use super::situations::bank;

/// A folder of this test's own, empty.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("keeping").join(test);
    // It may not be there.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

#[test]
fn a_kept_failure_is_replayed_before_anything_else() {
    let path = folder("replayed").join("bank.txt");
    let hunt = Hunt::new("bank").quiet().regressions(&path);
    let first = hunt.run(bank::deposits);
    let kept = first.failure().expect("it loses an update").kept.clone();
    assert_eq!(kept, Some(format!("{}  (new; commit it)", path.display())));

    let second = hunt.seed(1).run(bank::deposits);
    assert_eq!(second.runs, 0, "no other run was made: {second}");
    let failure = second.failure().expect("it is there still");
    let from = format!("{}, entry 1", path.display());
    assert_eq!(failure.origin, Origin::Kept { from, alignment: Alignment::Exact });
    assert_eq!(failure.kept, Some(format!("{}  (there already)", path.display())));
    assert_eq!(failure.smallest(), first.failure().expect("it was found").smallest());
}

#[test]
fn a_mended_program_passes_and_its_regression_stays() {
    static IS_MENDED: AtomicBool = AtomicBool::new(false);
    async fn program() {
        let drawn = pick(10);
        assert!(drawn != 7 || IS_MENDED.load(Ordering::Relaxed), "seven");
    }
    let path = folder("mended").join("seven.txt");
    let hunt = Hunt::new("seven").quiet().regressions(&path);
    hunt.run(program).assert_finds(Kind::Panic);
    IS_MENDED.store(true, Ordering::Relaxed);
    let mended = hunt.run(program);
    mended.assert_ok();
    let told = "1 kept failure was replayed, and passes now";
    assert!(mended.to_string().contains(told), "{mended}");
    assert_eq!(Regressions::read(&path).expect("it is one").entries().len(), 1);
}

/// The same bug twice, some lines apart.
mod moved {
    use unpick::sim::{spawn, yield_now};

    #[rustfmt::skip]
    macro_rules! version {
        ($name:ident) => {
            pub(super) async fn $name() {
                let other = spawn(async { yield_now().await; });
                yield_now().await;
                let is_over = other.is_finished();
                other.await.expect("nobody aborts it");
                super::check(is_over);
            }
        };
    }

    version!(before);
    version!(after);
}

/// Panics at its caller's line.
#[track_caller]
fn check(is_over: bool) {
    assert!(!is_over, "it was over already");
}

#[test]
fn an_entry_whose_lines_were_moved_is_not_doubled() {
    let path = folder("moved").join("moved.txt");
    let hunt = Hunt::new("moved").quiet().regressions(&path);
    let first = hunt.run(moved::before);
    let second = hunt.run(moved::after);
    let place = |report: &Report| report.finding().expect("it fails").place.clone();
    assert_ne!(place(&first), place(&second), "they fail at different lines");
    assert_eq!(second.runs, 0, "it was replayed: {second}");
    assert_eq!(Regressions::read(&path).expect("it is one").entries().len(), 1);

    // Found afresh, as on a machine that did not replay it.
    let report = Hunt::new("moved").quiet().run(moved::after);
    let minimal = report.failure().and_then(|it| it.minimal()).expect("it is explained");
    let entry =
        |finding: &Finding| Entry::new(finding, &minimal.shrunk.tape, &minimal.trace, "2026-11-25");
    let mut kept = Regressions::new("");
    kept.keep(entry(&minimal.shrunk.finding));
    let mut elsewhere = minimal.shrunk.finding.clone();
    elsewhere.place.as_mut().expect("it has a place").line += 3;
    kept.keep(entry(&elsewhere));
    assert_eq!(kept.entries().len(), 1, "only the line differs");
    elsewhere.place.as_mut().expect("it has a place").file.push('x');
    kept.keep(entry(&elsewhere));
    assert_eq!(kept.entries().len(), 2, "it is in another file");
}

#[test]
fn a_stale_regression_is_named() {
    let path = folder("stale").join("bank.txt");
    let hunt = Hunt::new("bank").quiet().regressions(&path);
    hunt.run(bank::deposits).assert_finds(Kind::LostUpdate);
    let report = hunt.run(|| async { assert!(pick(3) < 3) });
    report.assert_ok();
    let text = report.to_string();
    assert!(
        text.contains("bank.txt, entry 1 is stale: of the 1 choices that it takes, 0"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_no_regressions_file_fails_the_hunt() {
    let path = folder("malformed").join("bank.txt");
    fs::write(&path, "unpick-regressions 1\n\nfailure deadlock\n  tpae x\n").expect("writable");
    let hunt = Hunt::new("bank").quiet().regressions(&path);
    let refused = catch_unwind(|| hunt.run(bank::deposits)).expect_err("it is refused");
    let message = refused.downcast_ref::<String>().expect("a text");
    let begin =
        format!("hunt `bank`: {}:4: there is no field `tpae`; allowed: failure,", path.display());
    assert!(message.starts_with(&begin), "{message}");
}

#[test]
fn what_cannot_be_written_is_printed_as_one_line_to_paste() {
    let blocking = folder("unwritable").join("file");
    fs::write(&blocking, "").expect("writable");
    let path = blocking.join("bank.txt");
    let report = Hunt::new("bank").quiet().regressions(&path).run(bank::deposits);
    let kept = report.failure().and_then(|failure| failure.kept.clone()).expect("it says why not");
    assert!(
        kept.contains(&format!("; paste into {}: failure lost update; ", path.display())),
        "{kept}"
    );
    assert_eq!(kept.lines().count(), 1);

    let (_, line) = kept.split_once("bank.txt: ").expect("the entry follows the path");
    let pasted = folder("pasted").join("bank.txt");
    fs::write(&pasted, format!("unpick-regressions 1\n{line}\n")).expect("writable");
    let again = Hunt::new("bank").quiet().regressions(&pasted).run(bank::deposits);
    assert_eq!(again.runs, 0, "{again}");
}

#[test]
fn a_report_has_files_and_is_replayed_first_next_time() {
    let folder = folder("reports");
    let hunt = Hunt::new("bank::deposits").quiet().report_dir(&folder);
    let report = hunt.run(bank::deposits);
    let failure = report.failure().expect("it loses an update");
    let read = |name: &str| {
        let file = fs::read_to_string(folder.join(name));
        file.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    assert_eq!(read("bank__deposits.txt"), failure.to_string());
    assert!(read("bank__deposits.trace.txt").contains("[tests/explain/situations/bank.rs:10]"));
    assert!(read("bank__deposits.passing.txt").contains("set shared balance = 130"));
    assert!(read("bank__deposits.jsonl").contains("\"unpick_trace\":"));
    let names = fs::read_dir(&folder).expect("it is there");
    let half = names
        .filter_map(Result::ok)
        .filter(|file| file.file_name().to_string_lossy().ends_with(".new"));
    assert_eq!(half.count(), 0, "no file is left half-written");

    let again = hunt.run(bank::deposits);
    assert_eq!(again.runs, 0, "{again}");
    let replayed = again.failure().expect("it is there still");
    assert_eq!(replayed.minimal(), failure.minimal(), "nothing of the explanation is lost");
    let origin = format!("found in run {} by {}", failure.id, failure.strategy);
    // It may be broken into lines.
    let words: Vec<String> = again.to_string().split_whitespace().map(String::from).collect();
    assert!(words.join(" ").contains(&origin), "{again}");
    hunt.run(|| async {}).assert_ok();
    assert!(!folder.join("bank__deposits.last.txt").exists(), "it passes now");
}

#[test]
fn what_is_expected_is_not_kept() {
    let folder = folder("expected");
    let hunt = Hunt::new("bank").quiet().expect(Kind::LostUpdate);
    let hunt = hunt.regressions(folder.join("bank.txt")).report_dir(&folder);
    let report = hunt.run(bank::deposits);
    report.assert_ok();
    assert!(report.failure().is_some_and(|failure| failure.explanation.is_none()));
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0);
}

#[test]
fn the_tape_of_a_report_fails_again() {
    let report = Hunt::new("bank").quiet().run(bank::deposits);
    let failure = report.failure().expect("it loses an update");
    let token = failure.smallest().token();
    assert!(failure.to_string().contains(&token.to_string()), "{failure}");
    let again = Run::new().replay_token(&token).execute(bank::deposits);
    assert_eq!(again.result.expect_err("again").signature(), failure.finding.signature());
}
