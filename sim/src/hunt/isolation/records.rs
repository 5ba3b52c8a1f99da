//! What a worker tells the hunt that started it.

use super::failures::{read_choice, read_failed, read_finding, read_place};
use super::failures::{write_choice, write_failed, write_finding, write_place};
use super::wire::{Input, Output};
use crate::choice::Choice;
use crate::class::{Awaits, Class};
use crate::finding::{Finding, Place};
use crate::hunt::explain::{Decisions, Decisive, Flip, Limit, Lost, Rate, Shrunk, Without};
use crate::options::Switching;
use crate::properties::{self, Claim, Count};
use crate::strategy::{Kept, Swept};
use crate::tape::Tape;

/// One thing that a worker tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// It has come to the hunt.
    Ready,
    /// It begins a run.
    Begun {
        number: u64,
        strategy: String,
        /// Whether the run is one of those that it was to make, and not only to learn from.
        counts: bool,
    },
    /// The run that it had begun came to its end.
    Ended(Box<Made>),
    /// A choice of the run that is going on.
    Choice(Choice),
    /// A task of that run takes its turn.
    Step(Polled),
    /// A poll has not returned; the process ends now.
    Hung { limit_ms: u64, polled: Polled },
    /// What came of the order of points.
    Order(Kept),
    /// Which interleavings it has made, where there are few.
    Swept(Vec<(Option<Switching>, Swept)>),
    /// It begins a trial that may end the process.
    Tried(u64),
    /// That trial came to its end.
    Survived(u64),
    /// What a tape was cut down to by such trials.
    Shrunk(Box<Shrunk>),
    /// Which of its choices decided, and with how many steps at the most the run stops before the
    /// turn that ends the process.
    Decided(Decisions, Option<u64>),
    /// It turns to this entry of those that are kept, from 0.
    Replays(u64),
    /// No more than so many of its deviations were found; what it makes now is drawn behind them.
    GoesAround(u64),
    /// It has done what it was to do.
    Done,
}

/// A task, as far as a worker knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Polled {
    pub(super) task: String,
    pub(super) spawned: Option<Place>,
}

/// What came of a run, as far as a hunt counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) number: u64,
    pub(super) strategy: String,
    pub(super) left_order: bool,
    pub(super) has_chosen: bool,
    pub(super) class: Option<Class>,
    pub(super) awaits: Option<Awaits>,
    pub(super) holds_left: bool,
    pub(super) properties: properties::Tally,
    pub(super) failed: Option<(Finding, Tape)>,
    /// Whether something was taken while something else was held, as in no run of this worker
    /// before.
    pub(super) has_nested: bool,
    /// Whether it was to be repeated, and there was no OS thread to be had for that.
    pub(super) is_missed: bool,
}

impl Record {
    pub(super) fn to_frame(&self) -> Vec<u8> {
        let mut out = Output::default();
        match self {
            Record::Ready => out.number(0),
            Record::Begun { number, strategy, counts } => {
                out.number(1);
                out.number(*number);
                out.text(strategy);
                out.flag(*counts);
            }
            Record::Ended(made) => {
                out.number(2);
                made.write(&mut out);
            }
            Record::Choice(choice) => {
                out.number(3);
                write_choice(&mut out, choice);
            }
            Record::Step(polled) => {
                out.number(4);
                polled.write(&mut out);
            }
            Record::Hung { limit_ms, polled } => {
                out.number(5);
                out.number(*limit_ms);
                polled.write(&mut out);
            }
            Record::Order(kept) => {
                out.number(6);
                write_kept(&mut out, kept);
            }
            Record::Done => out.number(7),
            Record::Swept(swept) => {
                out.number(8);
                out.list(swept.iter(), write_swept);
            }
            Record::Tried(key) => [9, *key].into_iter().for_each(|number| out.number(number)),
            Record::Survived(key) => [10, *key].into_iter().for_each(|number| out.number(number)),
            Record::Shrunk(shrunk) => {
                out.number(11);
                write_shrunk(&mut out, shrunk);
            }
            Record::Decided(decisions, steps) => {
                out.number(12);
                write_decisions(&mut out, decisions);
                out.option(*steps, Output::number);
            }
            Record::Replays(entry) => [13, *entry].into_iter().for_each(|it| out.number(it)),
            Record::GoesAround(found) => [14, *found].into_iter().for_each(|it| out.number(it)),
        }
        out.into_frame()
    }

    /// Reads one; `None` if it is none.
    pub(super) fn of_frame(frame: &[u8]) -> Option<Record> {
        let mut input = Input::new(frame);
        let input = &mut input;
        Some(match input.number()? {
            0 => Record::Ready,
            1 => Record::Begun {
                number: input.number()?,
                strategy: input.text()?,
                counts: input.flag()?,
            },
            2 => Record::Ended(Box::new(Made::read(input)?)),
            3 => Record::Choice(read_choice(input)?),
            4 => Record::Step(Polled::read(input)?),
            5 => Record::Hung { limit_ms: input.number()?, polled: Polled::read(input)? },
            6 => Record::Order(read_kept(input)?),
            7 => Record::Done,
            8 => Record::Swept(input.list(read_swept)?),
            9 => Record::Tried(input.number()?),
            10 => Record::Survived(input.number()?),
            11 => Record::Shrunk(Box::new(read_shrunk(input)?)),
            12 => Record::Decided(read_decisions(input)?, input.option(Input::number)?),
            13 => Record::Replays(input.number()?),
            14 => Record::GoesAround(input.number()?),
            _ => return None,
        })
    }
}

impl Polled {
    fn write(&self, out: &mut Output) {
        out.text(&self.task);
        out.option(self.spawned.as_ref(), write_place);
    }

    fn read(input: &mut Input<'_>) -> Option<Polled> {
        Some(Polled { task: input.text()?, spawned: input.option(read_place)? })
    }
}

impl Made {
    fn write(&self, out: &mut Output) {
        out.number(self.number);
        out.text(&self.strategy);
        out.flag(self.left_order);
        out.flag(self.has_chosen);
        out.option(self.class, |out, Class(hash)| out.wide(hash));
        out.option(self.awaits, |out, Awaits { pending, unknown }| {
            out.number(pending);
            out.number(unknown);
        });
        out.flag(self.holds_left);
        write_properties(out, &self.properties);
        out.option(self.failed.as_ref(), |out, (finding, tape)| write_failed(out, finding, tape));
        out.flag(self.has_nested);
        out.flag(self.is_missed);
    }

    fn read(input: &mut Input<'_>) -> Option<Made> {
        let (number, strategy) = (input.number()?, input.text()?);
        let (left_order, has_chosen) = (input.flag()?, input.flag()?);
        let class = input.option(Input::wide)?.map(Class);
        let awaits = input
            .option(|input| Some(Awaits { pending: input.number()?, unknown: input.number()? }))?;
        let holds_left = input.flag()?;
        let properties = read_properties(input)?;
        let failed = input.option(read_failed)?;
        let (has_nested, is_missed) = (input.flag()?, input.flag()?);
        Some(Made {
            number,
            strategy,
            left_order,
            has_chosen,
            class,
            awaits,
            holds_left,
            properties,
            failed,
            has_nested,
            is_missed,
        })
    }
}

pub(super) fn write_lost(out: &mut Output, lost: &Lost) {
    let Lost { finding, choices, switches, turns } = lost;
    write_finding(out, finding);
    out.list(choices.iter(), write_choice);
    out.number(*switches);
    out.number(*turns);
}

pub(super) fn read_lost(input: &mut Input<'_>) -> Option<Lost> {
    Some(Lost {
        finding: read_finding(input)?,
        choices: input.list(read_choice)?,
        switches: input.number()?,
        turns: input.number()?,
    })
}

const LIMITS: [Limit; 4] = [Limit::Runs, Limit::Steps, Limit::Wall, Limit::Lost];

pub(super) fn write_shrunk(out: &mut Output, shrunk: &Shrunk) {
    let Shrunk { tape, finding, switches, steps, runs, cut_short } = shrunk;
    write_failed(out, finding, tape);
    [*switches, *steps, *runs].into_iter().for_each(|number| out.number(number));
    write_limit(out, *cut_short);
}

fn write_limit(out: &mut Output, limit: Option<Limit>) {
    let limit = limit.and_then(|limit| LIMITS.iter().position(|&it| it == limit));
    out.option(limit, |out, place| out.number(place as u64));
}

fn read_limit(input: &mut Input<'_>) -> Option<Option<Limit>> {
    input.option(|input| LIMITS.get(usize::try_from(input.number()?).ok()?).copied())
}

pub(super) fn read_shrunk(input: &mut Input<'_>) -> Option<Shrunk> {
    let (finding, tape) = read_failed(input)?;
    let (switches, steps, runs) = (input.number()?, input.number()?, input.number()?);
    let cut_short = read_limit(input)?;
    Some(Shrunk { tape, finding, switches, steps, runs, cut_short })
}

fn write_decisions(out: &mut Output, decisions: &Decisions) {
    out.list(decisions.flips.iter(), |out, Flip { number, without }| {
        out.number(*number as u64);
        match without {
            Without::Passes => out.number(0),
            Without::FailsAlike => out.number(1),
            Without::FailsOtherwise(headline) => {
                out.number(2);
                out.text(headline);
            }
        }
    });
    out.option(decisions.decisive, |out, Decisive { number, before, after }| {
        out.number(number as u64);
        for Rate { failed, of } in [before, after] {
            out.number(u64::from(failed));
            out.number(u64::from(of));
        }
    });
    write_limit(out, decisions.cut_short);
}

fn read_decisions(input: &mut Input<'_>) -> Option<Decisions> {
    let flips = input.list(|input| {
        let number = input.number()?.try_into().ok()?;
        let without = match input.number()? {
            0 => Without::Passes,
            1 => Without::FailsAlike,
            _ => Without::FailsOtherwise(input.text()?),
        };
        Some(Flip { number, without })
    })?;
    let decisive = input.option(|input| {
        let number = input.number()?.try_into().ok()?;
        Some(Decisive { number, before: read_rate(input)?, after: read_rate(input)? })
    })?;
    Some(Decisions { flips, decisive, cut_short: read_limit(input)? })
}

fn read_rate(input: &mut Input<'_>) -> Option<Rate> {
    Some(Rate { failed: input.number()?.try_into().ok()?, of: input.number()?.try_into().ok()? })
}

fn write_swept(out: &mut Output, (switching, swept): &(Option<Switching>, Swept)) {
    let Swept { tasks, interleavings, made, asks_more } = swept;
    write_switching(out, *switching);
    out.number(*tasks);
    out.number(*interleavings);
    out.list(made.iter(), |out, &word| out.number(word));
    out.flag(*asks_more);
}

fn read_swept(input: &mut Input<'_>) -> Option<(Option<Switching>, Swept)> {
    let switching = read_switching(input)?;
    let (tasks, interleavings) = (input.number()?, input.number()?);
    let (made, asks_more) = (input.list(Input::number)?, input.flag()?);
    Some((switching, Swept { tasks, interleavings, made, asks_more }))
}

pub(super) fn write_switching(out: &mut Output, switching: Option<Switching>) {
    out.option(switching, |out, switching| out.flag(switching == Switching::Cooperative));
}

pub(super) fn read_switching(input: &mut Input<'_>) -> Option<Option<Switching>> {
    let cooperative = input.option(Input::flag)?;
    Some(cooperative.map(|it| if it { Switching::Cooperative } else { Switching::Preemptive }))
}

pub(super) fn write_kept(out: &mut Output, kept: &Kept) {
    let Kept { runs, kept, stuck, unknown } = kept;
    out.number(*runs);
    out.number(*kept);
    out.option(stuck.as_deref(), Output::text);
    out.option(unknown.as_deref(), Output::text);
}

pub(super) fn read_kept(input: &mut Input<'_>) -> Option<Kept> {
    Some(Kept {
        runs: input.number()?,
        kept: input.number()?,
        stuck: input.option(Input::text)?,
        unknown: input.option(Input::text)?,
    })
}

pub(super) fn write_properties(out: &mut Output, properties: &properties::Tally) {
    let properties: Vec<_> = properties.iter().collect();
    out.list(properties.into_iter(), |out, (claim, label, count)| {
        out.text(claim.name());
        out.text(label);
        out.number(count.passed);
        out.number(count.held);
        out.option(count.place.as_ref(), write_place);
    });
}

pub(super) fn read_properties(input: &mut Input<'_>) -> Option<properties::Tally> {
    let mut properties = properties::Tally::default();
    input.list(|input| {
        let (name, label) = (input.text()?, input.text()?);
        let (passed, held) = (input.number()?, input.number()?);
        let place = input.option(read_place)?;
        let claim = Claim::ALL.into_iter().find(|claim| claim.name() == name)?;
        properties.count(claim, &label, &Count { passed, held, place });
        Some(())
    })?;
    Some(properties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Label;
    use crate::finding::{Blocked, Holder, Kind, Wait};
    use crate::hunt::isolation::wire::read_frame;
    use crate::options::TimeModel;
    use crate::time::Instant;

    fn place(line: u32) -> Place {
        Place { file: String::from("src/pool.rs"), line, column: 9 }
    }

    fn finding() -> Finding {
        let since = Instant::from_nanos(7);
        let holder = Holder { task: String::from("main.1"), place: place(3), since };
        let wait = Wait {
            operation: "acquire",
            object: Some(String::from("lock db")),
            place: place(4),
            since,
            holders: vec![holder],
            holders_more: 2,
        };
        let blocked =
            Blocked { task: String::from("main.2"), spawned: Some(place(5)), waits: vec![wait] };
        Finding {
            subject: Some(String::from("lock db")),
            story: vec![String::from("once"), String::from("again")],
            task: Some(String::from("main")),
            place: Some(place(6)),
            blocked: vec![blocked],
            evidence: vec![String::from("ü")],
            ..Finding::new(Kind::Deadlock, "stuck", since)
        }
    }

    #[test]
    fn what_is_told_is_what_is_heard() {
        let choices = vec![Choice::new(Label::Time, 2, 1), Choice::new(Label::Data, 1 << 30, 9)];
        let (switching, time) = (Switching::Cooperative, TimeModel::Stalling);
        let mut properties = properties::Tally::default();
        let count = Count { passed: 1, held: 0, place: Some(place(8)) };
        properties.count(Claim::Sometimes, "it is full", &count);
        let made = Made {
            number: 41,
            strategy: String::from("pct(3)"),
            left_order: true,
            has_chosen: true,
            class: Some(Class(u128::MAX - 5)),
            awaits: Some(Awaits { pending: 3, unknown: 1 }),
            holds_left: true,
            properties,
            failed: Some((finding(), Tape { switching, time, choices })),
            has_nested: true,
            is_missed: true,
        };
        let polled = Polled { task: String::from("main.2 reaper"), spawned: Some(place(1)) };
        let stuck = Some(String::from("at read"));
        let shrunk = Shrunk {
            tape: Tape { switching, time, choices: Vec::new() },
            finding: finding(),
            switches: 2,
            steps: 3,
            runs: 4,
            cut_short: Some(Limit::Lost),
        };
        let flips = [
            Without::Passes,
            Without::FailsAlike,
            Without::FailsOtherwise(String::from("DEADLOCK: two tasks")),
        ];
        let flips = flips.into_iter().zip(7..);
        let decisions = Decisions {
            flips: flips.map(|(without, number)| Flip { number, without }).collect(),
            decisive: Some(Decisive {
                number: 8,
                before: Rate { failed: 3, of: 16 },
                after: Rate { failed: 16, of: 16 },
            }),
            cut_short: None,
        };
        let undecided =
            Decisions { flips: Vec::new(), decisive: None, cut_short: Some(Limit::Wall) };
        let swept = Swept { tasks: 3, interleavings: 70, made: vec![5, 9], asks_more: false };
        let records = [
            Record::Ready,
            Record::Begun { number: 3, strategy: String::from("pos"), counts: true },
            Record::Ended(Box::new(made)),
            Record::Ended(Box::default()),
            Record::Choice(Choice::new(Label::Schedule, 3, 2)),
            Record::Step(polled.clone()),
            Record::Hung { limit_ms: 300, polled },
            Record::Tried(7),
            Record::Survived(u64::MAX),
            Record::Shrunk(Box::new(shrunk)),
            Record::Decided(decisions, Some(5)),
            Record::Decided(undecided, None),
            Record::Replays(2),
            Record::GoesAround(1),
            Record::Swept(vec![
                (Some(Switching::Cooperative), Swept { asks_more: true, ..swept.clone() }),
                (None, swept),
            ]),
            Record::Order(Kept { runs: 9, kept: 0, stuck, unknown: Some(String::from("at all")) }),
            Record::Done,
        ];
        let bytes: Vec<u8> = records.iter().flat_map(Record::to_frame).collect();
        let mut rest = bytes.as_slice();
        for record in &records {
            let frame = read_frame(&mut rest).expect("it is whole").expect("it is there");
            assert_eq!(Record::of_frame(&frame).as_ref(), Some(record));
        }
        assert_eq!(read_frame(&mut rest).expect("it is whole"), None);
    }

    #[test]
    fn what_broke_off_is_no_record() {
        let frame = Record::Begun { number: 3, strategy: String::new(), counts: true }.to_frame();
        for length in 0..frame.len() {
            let read = read_frame(&mut &frame[..length]).expect("the end is no error");
            assert_eq!(read, None, "{length} bytes");
        }
        assert_eq!(Record::of_frame(&frame[8..frame.len() - 1]), None);
        assert!(read_frame(&mut &[0xff; 8][..]).is_err());
    }
}
