//! Shared variables: what a trace shows of them, and how they may not be used.

use unpick::sim::{Run, Shared};

fn text<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> String {
    let outcome = Run::new().plain().traced().execute(program);
    assert_eq!(outcome.result, Ok(()));
    let text = outcome.trace.expect("it was traced").to_text();
    let accesses = text.lines().filter(|line| line.contains("shared"));
    accesses
        .map(|line| line.split_once("main").expect("in main").1.trim())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_trace_shows_what_was_read_and_written() {
    let text = text(|| async {
        let balance = Shared::new(vec![1]).named("balance");
        balance.with(|balance| assert_eq!(balance.len(), 1));
        balance.set(vec![2]);
        balance.update(|balance| balance.push(3));
        assert_eq!(balance.get(), [2, 3]);
        balance.write(vec![]).await;
        assert!(balance.read().await.is_empty());
    });
    assert_eq!(
        text,
        "get shared balance = [1]\n\
         set shared balance = [2]\n\
         update shared balance = [2, 3]\n\
         get shared balance = [2, 3]\n\
         write shared balance\n\
         set shared balance = []\n\
         read shared balance\n\
         get shared balance = []"
    );
}

#[test]
fn a_long_value_is_cut_and_says_so() {
    let text = text(|| async { Shared::new(String::new()).set("ä".repeat(100)) });
    assert_eq!(text, format!("set shared#1 = \"{}… (42 characters more)", "ä".repeat(59)));
}

#[test]
fn an_opaque_value_is_not_shown() {
    struct Secret;
    let text = text(|| async {
        Shared::opaque(Secret).set(Secret);
        Shared::opaque_synchronized(Secret).update(|_| {});
    });
    assert_eq!(text, "set shared#1\nupdate shared#2");
}

#[test]
fn nothing_is_formatted_in_a_run_that_is_not_traced() {
    struct Loud;
    impl std::fmt::Debug for Loud {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("it was formatted")
        }
    }
    let outcome = Run::new().execute(|| async { Shared::new(Loud).set(Loud) });
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn an_access_within_an_access_is_refused_by_name() {
    let outcome = Run::new().execute(|| async {
        let balance = Shared::new(1).named("balance");
        balance.update(|_| balance.get());
    });
    let finding = outcome.result.expect_err("it is refused");
    let message = "shared balance was accessed from within its own `with` or `update`; allowed: \
                   one access at a time";
    assert_eq!(finding.message, message);
}

/// The state of the detectors is used again in the next run of a thread.
#[test]
fn what_was_seen_in_an_earlier_run_is_forgotten() {
    let written_by = |tasks: usize| async move {
        let shared = std::rc::Rc::new(Shared::new(0));
        let writers: Vec<_> = (0..tasks)
            .map(|number| {
                let shared = shared.clone();
                unpick::sim::spawn(async move {
                    let seen = shared.get();
                    unpick::sim::yield_now().await;
                    shared.set(seen + number);
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("nobody aborts it");
        }
    };
    let finding_of = |tasks| Run::new().seed(3).execute(|| written_by(tasks)).result.err();
    let first = finding_of(3);
    assert!(first.is_some(), "they race");
    for _ in 0..3 {
        assert_eq!(finding_of(1), None);
        assert_eq!(finding_of(3), first);
    }
}
