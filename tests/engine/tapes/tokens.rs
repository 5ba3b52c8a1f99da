//! What a replay says in so many words, from a tape and from a token.

use unpick::sim::strategy::Divergence;
use unpick::sim::tape::Tape;
use unpick::sim::{Run, chance, pick};

/// Draws below each bound in turn.
async fn draws(bounds: &[usize]) -> Vec<usize> {
    bounds.iter().map(|&bound| pick(bound)).collect()
}

/// A tape of the program that takes the last alternative each time.
fn tape_of(bounds: &'static [usize]) -> Tape {
    let recorded =
        (0..).map(|seed| Run::new().seed(seed).execute(|| draws(bounds))).find(|outcome| {
            outcome.tape.choices.iter().all(|choice| choice.taken() + 1 == choice.arity())
        });
    recorded.expect("some seed does it").tape
}

#[track_caller]
fn check(run: Run, bounds: &'static [usize], message: &str) -> Divergence {
    let outcome = run.execute(|| draws(bounds));
    let divergence = outcome.divergence.expect("it leaves the tape");
    assert_eq!(
        divergence.to_string(),
        format!("the program is not the one on the tape: {message}")
    );
    assert_eq!(outcome.result.expect_err("it is a finding").message, divergence.to_string());
    divergence
}

#[test]
fn a_tape_knows_where_it_was_left() {
    let tape = tape_of(&[2, 3, 2]);
    let replay = || Run::new().replay(&tape);
    assert_eq!(replay().execute(|| draws(&[2, 3, 2])).result, Ok(vec![1, 2, 1]));
    let message =
        "at choice 1 the tape has a data choice of 3, and the program asks a data choice of 4";
    let other = check(replay(), &[2, 4, 2], message);
    assert!(matches!(other, Divergence::OtherQuestion { number: 1, .. }), "{other:?}");
    let more = "the tape ends after 3 choices, and the program asks a data choice of 5 as well";
    check(replay(), &[2, 3, 2, 5], more);
    check(replay(), &[2, 3], "the tape has 3 choices, and the program made only 2");
    check(replay(), &[], "the tape has 3 choices, and the program made only 0");
    let outcome = Run::new().replay(&tape).execute(|| async { (pick(2), chance(0.5)) });
    let divergence = outcome.divergence.expect("it leaves the tape").to_string();
    let message =
        "at choice 1 the tape has a data choice of 3, and the program asks a fault choice of 2";
    assert!(divergence.ends_with(message), "{divergence}");
}

#[test]
fn a_token_knows_that_it_was_left() {
    let tape = tape_of(&[2, 3, 2]);
    let token = tape.token();
    let replay = || Run::new().replay_token(&token);
    assert_eq!(replay().execute(|| draws(&[2, 3, 2])).result, Ok(vec![1, 2, 1]));
    let message =
        "at choice 1 the tape takes alternative 2, and the program asks a data choice of 2";
    let none = check(replay(), &[2, 2, 2], message);
    assert!(matches!(none, Divergence::NoSuchAlternative { number: 1, taken: 2, .. }));
    let more = "the tape ends after 3 choices, and the program asks a data choice of 5 as well";
    check(replay(), &[2, 3, 2, 5], more);
    check(replay(), &[2, 3], "the tape has 3 choices, and the program made only 2");
    let checksum = tape_of(&[2, 3, 3]).checksum();
    let message = format!(
        "the tape's checksum over all questions is {:06x}, and the program's {checksum:06x}",
        tape.checksum()
    );
    check(replay(), &[2, 3, 3], &message);
}

#[test]
fn a_single_alternative_is_no_choice() {
    let outcome = Run::new().execute(|| draws(&[1, 1, 1]));
    assert_eq!(outcome.result, Ok(vec![0, 0, 0]));
    assert!(outcome.tape.is_empty());
}

/// The finding that the program came to first stands; that the tape was left is told beside it.
#[test]
fn a_panic_during_a_divergent_replay_stands_beside_the_divergence() {
    let tape = tape_of(&[2, 3, 2]);
    let outcome = Run::new().replay(&tape).execute(|| async {
        pick(2);
        panic!("before the tape is over")
    });
    let finding = outcome.result.expect_err("it panics");
    assert_eq!(finding.message, "before the tape is over");
    let divergence = outcome.divergence.expect("the tape goes on").to_string();
    assert!(divergence.ends_with("the tape has 3 choices, and the program made only 1"));
}
