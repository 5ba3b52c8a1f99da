//! Data and faults: drawn from the tape, and beside the schedule.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use unpick::sim::choice::Label;
use unpick::sim::seed::RunId;
use unpick::sim::{Run, chance, event, pick, rng, spawn, step, yield_now};

use crate::{MODES, run_in};

#[test]
fn every_way_of_drawing_is_replayed() {
    let draw = || async {
        let mut bytes = [0_u8; 7];
        rng().fill_bytes(&mut bytes);
        let mut order: Vec<u32> = (0..10).collect();
        order.shuffle(&mut rng());
        (
            (rng().next_u32(), rng().next_u64(), bytes, order),
            (rng().random_range(-5..5), rng().random::<bool>(), pick(1 << 30), chance(0.3)),
        )
    };
    let recorded = Run::new().seed(3).execute(draw);
    let replayed = Run::new().replay(&recorded.tape).execute(draw);
    let by_token = Run::new().replay_token(&recorded.tape.token()).execute(draw);
    assert_eq!(replayed.result, recorded.result);
    assert_eq!(by_token.result, recorded.result);
    assert_eq!(Run::new().seed(3).execute(draw).result, recorded.result);
    assert_ne!(Run::new().seed(4).execute(draw).result, recorded.result);
    let data = recorded.tape.choices.iter().filter(|choice| choice.label() == Label::Data);
    assert_eq!(data.count(), recorded.tape.len() - 1, "all but the one fault");
}

#[test]
fn plain_data_is_the_smallest_and_plainly_no_fault_strikes() {
    let outcome = Run::new()
        .plain()
        .execute(|| async { (rng().next_u64(), pick(9), rng().random_range(3..8), chance(0.999)) });
    assert_eq!(outcome.result, Ok((0, 0, 3, false)));
}

#[test]
fn a_word_has_its_high_bits_first() {
    for seed in 0..20 {
        let outcome = Run::new().seed(seed).execute(|| async { rng().next_u32() });
        let taken: Vec<u32> = outcome.tape.choices.iter().map(|choice| choice.taken()).collect();
        assert_eq!(outcome.result, Ok(taken[0] << 16 | taken[1]));
        assert!(outcome.tape.choices.iter().all(|choice| choice.arity() == 1 << 16));
    }
}

#[test]
fn a_pick_is_uniform() {
    let counts = Run::new().seed(1).execute(|| async {
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[pick(7)] += 1;
        }
        counts
    });
    let counts = counts.result.expect("it passes");
    assert!(counts.iter().all(|count| (9_600..=10_400).contains(count)), "{counts:?}");
}

#[test]
fn a_chance_is_as_frequent_as_it_says() {
    for (probability, expected) in [(0.01, 500), (0.25, 12_500), (0.5, 25_000), (0.9, 45_000)] {
        let outcome = Run::new()
            .seed(2)
            .execute(|| async move { (0..50_000).filter(|_| chance(probability)).count() as i64 });
        let struck = outcome.result.expect("it passes");
        assert!((struck - expected).abs() < 500, "{struck} of 50 000 at {probability}");
        assert_eq!(outcome.tape.len(), 50_000);
        assert!(outcome.tape.choices.iter().all(|choice| choice.label() == Label::Fault));
    }
}

#[test]
fn a_chance_of_nothing_or_everything_is_no_choice() {
    let outcome = Run::new().execute(|| async { (0..100).all(|_| !chance(0.0) && chance(1.0)) });
    assert_eq!(outcome.result, Ok(true));
    assert!(outcome.tape.is_empty());
}

/// Three tasks that step and yield, and draw as often as they are told.
async fn draw_beside(draws: usize) {
    let draw = move || {
        for _ in 0..draws {
            let _ = (pick(10), rng().next_u32(), chance(0.5));
        }
    };
    for _ in 0..3 {
        spawn(async move {
            for _ in 0..5 {
                draw();
                step().await;
                draw();
                yield_now().await;
            }
        });
    }
    for _ in 0..10 {
        draw();
        step().await;
        yield_now().await;
    }
}

#[test]
fn drawing_does_not_move_the_schedule() {
    for seed in 0..50 {
        for mode in MODES {
            let schedule = |draws: usize| {
                let outcome = run_in(mode).id(RunId::new(seed, 2)).execute(|| draw_beside(draws));
                assert_eq!(outcome.result, Ok(()));
                let choices = outcome.tape.choices.iter().copied();
                choices.filter(|choice| choice.label() == Label::Schedule).collect::<Vec<_>>()
            };
            let without = schedule(0);
            assert!(without.len() > 10);
            assert_eq!(schedule(1), without, "seed {seed}");
            assert_eq!(schedule(3), without, "seed {seed}");
        }
    }
}

#[test]
fn an_event_is_formatted_only_if_the_run_is_traced() {
    let program = |formatted: &std::cell::Cell<u32>| {
        let number = || {
            formatted.set(formatted.get() + 1);
            formatted.get()
        };
        event!("number {}", number());
        // What the format's arguments call is called in any case; their text is not made.
        struct Shows<'a>(&'a std::cell::Cell<u32>);
        impl std::fmt::Display for Shows<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.set(self.0.get() + 100);
                // A program may use the engine even here.
                write!(f, "shown by {}", unpick::sim::current_path().unwrap_or_default())
            }
        }
        event!("{}", Shows(formatted));
        formatted.get()
    };
    let (plain, traced) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = Run::new().execute(|| async { program(&plain) });
    assert_eq!(outcome.result, Ok(1));
    let outcome = Run::new().traced().execute(|| async { program(&traced) });
    assert_eq!(outcome.result, Ok(101));
    let text = outcome.trace.expect("it is traced").to_text();
    assert!(text.contains("say number 1\n"), "{text}");
    assert!(text.contains("say shown by main\n"), "{text}");
}
