//! Traces for programs: JSON Lines against their schema, and the Trace Event Format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use unpick::primitives::task::timeout;
use unpick::sim::faults::{Cancellations, Faults, Mixing};
use unpick::sim::seed::RunId;
use unpick::sim::trace::{Text, Trace};
use unpick::sim::{self, chance, event, pick};
use unpick::{Options, Run};

use crate::programs::{self, traced};
use crate::support::programs::{Form, Size, execute, generate};

const SCHEMA: &str = include_str!("../../sim/src/trace/schema.md");

/// The rows of the schema's tables: record, field and type; the fields of all have no record.
fn schema() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut records: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let rows = SCHEMA.lines().filter(|line| line.starts_with("| `"));
    for row in rows {
        let cells: Vec<&str> =
            row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let (record, field, kind) = match cells[..] {
            [field, kind, _] => ("", field, kind),
            [record, field, kind, _] => (record, field, kind),
            _ => panic!("a row of three or four cells: {row}"),
        };
        records.entry(record.into()).or_default().insert(field.into(), kind.into());
    }
    records
}

/// Whether a value is of a type of the schema, in a trace with so many tasks and objects.
fn fits(kind: &str, value: &Value, tasks: u64, objects: u64) -> bool {
    if let Some(kind) = kind.strip_suffix('?') {
        return value.is_null() || fits(kind, value, tasks, objects);
    }
    match kind {
        "number" => value.is_u64(),
        "text" => value.is_string(),
        "list" => value.is_array(),
        "task" => value.as_u64().is_some_and(|task| task < tasks),
        "object" => value.as_u64().is_some_and(|object| object < objects),
        "place" => value
            .as_str()
            .and_then(|place| place.rsplit_once(':'))
            .is_some_and(|(file, line)| file.ends_with(".rs") && line.parse::<u32>().is_ok()),
        _ => panic!("the schema has no type `{kind}`"),
    }
}

/// Checks each line against the schema; gives the records that there were.
#[track_caller]
fn check_schema(trace: &Trace) -> BTreeSet<String> {
    let schema = schema();
    let text = trace.to_jsonl();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let header = lines.next().expect("a header");
    assert_eq!(header["unpick_trace"], 1);
    let count = |list: &str| header[list].as_array().expect("a list").len() as u64;
    let (tasks, objects) = (count("tasks"), count("objects"));
    let mut records = BTreeSet::from(["header".to_owned()]);
    let check = |record: &str, line: &Value, common: &BTreeMap<String, String>| {
        let line = line.as_object().expect("an object");
        let own = &schema[record];
        for (field, kind) in own.iter().chain(common) {
            let is_optional = kind.ends_with(", absent");
            let kind = kind.trim_end_matches(", absent");
            match line.get(field) {
                Some(value) => {
                    assert!(fits(kind, value, tasks, objects), "{record}.{field} = {value}");
                }
                None => assert!(is_optional, "{record} has no {field}"),
            }
        }
        let known = |field: &&String| own.contains_key(*field) || common.contains_key(*field);
        assert_eq!(line.keys().find(|field| !known(field)), None, "{record} has an unknown field");
    };
    check("header", &header, &BTreeMap::new());
    for line in lines {
        let record = line["event"].as_str().expect("a record").to_owned();
        assert!(schema.contains_key(&record), "the schema has no record `{record}`");
        check(&record, &line, &schema[""]);
        records.insert(record);
    }
    records
}

/// Does a little of everything.
async fn a_bit_of_everything() {
    programs::pipeline().await;
    programs::deposits().await;
    let counter = sim::Shared::new(0).named("counter");
    counter.update(|counter| *counter += 1);
    let (sender, mut receiver) = unpick::primitives::mpsc::channel(1);
    let sends = sim::spawn(async move { sender.send(pick(3)).await.is_ok() });
    let _received = receiver.recv().await;
    assert!(sends.await.expect("nobody aborts it"));
    let lock = std::rc::Rc::new(unpick::primitives::Lock::new(()));
    let other = lock.clone();
    let guard = lock.lock().await;
    let waits = sim::spawn(async move { drop(other.lock().await) });
    sim::yield_now().await;
    drop(guard);
    waits.await.expect("nobody aborts it");
    event!("chance {}", chance(0.5));
    unpick::point!("half-way");
    tracing::info!("logged");
    half_way().await;
}

/// What is dropped half-way, a panic, and a task that is woken twice.
async fn half_way() {
    let ms = std::time::Duration::from_millis(1);
    let queue = std::rc::Rc::new(unpick::primitives::Queue::new(1));
    let permits = unpick::primitives::Semaphore::new(1);
    let gives_up = async {
        permits.acquire_unguarded().await;
        queue.put(1).await.expect("there is room");
        queue.put(2).await.expect("there is none");
    };
    assert!(timeout(ms, gives_up).await.is_err());
    let takes = async {
        queue.get().await.expect("there is one");
        sim::time::sleep(2 * ms).await;
    };
    assert!(timeout(ms, takes).await.is_err());
    let panics = sim::task().handles_panics().spawn(async { panic!("as planned") });
    assert!(panics.await.is_err());
    let woken = std::rc::Rc::new(unpick::primitives::Notify::new());
    let waits = {
        let woken = woken.clone();
        sim::spawn(async move { futures::join!(woken.notified(), woken.notified()) })
    };
    sim::yield_now().await;
    sim::yield_now().await;
    woken.notify_waiters();
    waits.await.expect("nobody aborts it");
}

#[test]
fn every_record_is_as_the_schema_says_and_the_schema_has_no_other() {
    let mut records = BTreeSet::new();
    for number in 0..20 {
        let run = || Run::new().id(RunId::new(7, number));
        records.extend(check_schema(&traced(run(), a_bit_of_everything)));
        records.extend(check_schema(&traced(run(), programs::ring)));
        records.extend(check_schema(&traced(run(), programs::drain)));
        let (cancellations, mixing) = (Cancellations::Every, Mixing::All);
        let faults = Faults { cancellations, mixing, strikes_max: 100, ..Faults::ON };
        let faulty = Run::with(Options { faults, ..Options::default() });
        let faulty = faulty.id(RunId::new(7, number));
        records.extend(check_schema(&traced(faulty, programs::struck)));
    }
    let last = Run::new().traced_last(3).execute(programs::ring).trace;
    records.extend(check_schema(&last.expect("it is traced")));
    let missing: Vec<String> =
        schema().into_keys().filter(|record| !records.contains(record)).collect();
    assert_eq!(missing, [""], "what every record has is in a table without a name");
}

/// What a reader makes of a line: as the text with places says it, for the commonest records.
fn read(header: &Value, line: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let place = |value: &Value| match value.as_str() {
        Some(place) => format!("  [{place}]"),
        None => String::new(),
    };
    let task = |value: &Value| {
        let task = &header["tasks"][value.as_u64().expect("a task") as usize];
        match task["name"].as_str() {
            Some(name) => format!("{} {name}", text(&task["path"])),
            None => text(&task["path"]),
        }
    };
    let object = |value: &Value| match value.as_u64() {
        Some(object) => format!(" {}", text(&header["objects"][object as usize]["title"])),
        None => String::new(),
    };
    let operation = |how: &str| {
        format!(
            "{}{}{how}{}",
            text(&line["operation"]),
            object(&line["object"]),
            place(&line["site"])
        )
    };
    let seconds = |value: &Value| {
        let ns = value.as_u64().expect("nanoseconds");
        format!("{}.{:03}", ns / 1_000_000_000, ns / 1_000_000 % 1000)
    };
    let what = match line["event"].as_str().expect("a record") {
        "spawned" => format!("spawn {}{}", task(&line["spawned"]), place(&line["site"])),
        "executed" => operation(""),
        "announced" => operation(", gives way"),
        "blocked" => operation(", blocked"),
        "withdrawn" => operation(", dropped"),
        "woken" => format!("wake {}", task(&line["woken"])),
        "joined" => format!("joined {}", task(&line["joined"])),
        "said" => format!("say {}{}", text(&line["text"]), place(&line["site"])),
        "choice" => format!(
            "choice {}: {} {}/{}{}",
            line["number"],
            text(&line["label"]),
            line["taken"],
            line["arity"],
            place(&line["site"])
        ),
        "clock_jumped" => format!("clock jumps to t={}", seconds(&line["to_ns"])),
        _ => return None,
    };
    let who = if line["task"].is_null() { "-".into() } else { task(&line["task"]) };
    Some(format!("{:>9}  {who:<20}  {what}", seconds(&line["at_ns"])))
}

#[test]
fn a_reader_has_all_that_the_text_says() {
    for number in 0..5 {
        let trace = traced(Run::new().id(RunId::new(9, number)), a_bit_of_everything);
        let text = Text::default().with_sites().render(&trace);
        let json = trace.to_jsonl();
        let mut lines = json.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let header = lines.next().expect("a header");
        let said: BTreeSet<&str> = text.lines().collect();
        let read: Vec<String> = lines.filter_map(|line| read(&header, &line)).collect();
        assert!(read.len() > 60, "{} lines", read.len());
        let unsaid = read.iter().find(|line| !said.contains(line.as_str()));
        assert_eq!(unsaid, None, "{text}");
    }
}

/// Checks what viewers rely on: order, nesting, and that every arrow has both ends inside a span.
#[track_caller]
fn check_chrome(trace: &Trace) -> BTreeMap<String, usize> {
    let json: Value = serde_json::from_str(&trace.to_chrome()).expect("JSON");
    let events = json["traceEvents"].as_array().expect("a list");
    let number = |event: &Value, field: &str| event[field].as_u64().expect("a number");
    let mut phases: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = 0;
    let mut spans: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    for event in events {
        let phase = event["ph"].as_str().expect("a phase");
        *phases.entry(phase.into()).or_default() += 1;
        assert!(event["name"].is_string() && event["pid"] == 1, "{event}");
        let ts = number(event, "ts");
        assert!(ts >= last, "in order: {event}");
        last = ts;
        if phase == "X" {
            spans.entry(number(event, "tid")).or_default().push((ts, ts + number(event, "dur")));
        }
    }
    for (thread, spans) in &spans {
        for pair in spans.windows(2) {
            let ([(from, to), (next, end)], thread) = ([pair[0], pair[1]], thread);
            let is_apart = next >= to;
            let is_inside = next >= from && end <= to;
            assert!(is_apart || is_inside, "thread {thread}: {pair:?} overlap");
        }
    }
    let ends = |phase: &'static str| {
        events
            .iter()
            .filter(move |event| event["ph"] == phase)
            .map(move |event| (number(event, "id"), number(event, "tid"), number(event, "ts")))
    };
    let starts: BTreeMap<u64, (u64, u64)> =
        ends("s").map(|(id, thread, ts)| (id, (thread, ts))).collect();
    let is_inside = |thread: u64, ts: u64| {
        spans
            .get(&thread)
            .is_some_and(|spans| spans.iter().any(|&(from, to)| from <= ts && ts < to))
    };
    let mut count = 0;
    for (id, thread, ts) in ends("f") {
        let (from_thread, from) = starts.get(&id).copied().expect("an arrow begins");
        assert!(from <= ts, "an arrow goes forward");
        assert!(is_inside(thread, ts), "arrow {id} ends in a span");
        assert!(
            is_inside(from_thread, from),
            "arrow {id} begins in a span of {from_thread} at {from}"
        );
        count += 1;
    }
    assert_eq!(count, starts.len(), "every arrow ends");
    phases
}

#[test]
fn the_trace_event_format_is_in_order_nested_and_its_arrows_have_ends() {
    let phases = check_chrome(&traced(Run::new().plain(), programs::pipeline));
    let has = |phase: &str| phases.get(phase).copied().unwrap_or(0);
    assert!(has("X") > 10 && has("i") > 10 && has("s") > 5 && has("C") == 3, "{phases:?}");
    assert_eq!(has("M"), 1 + 2 * 5, "a process, and a thread for each task and the clock");
    for seed in 0..40 {
        for form in [Form::Free, Form::Balanced] {
            let program = generate(seed, Size::Medium, form);
            let run = Run::new().id(RunId::new(seed, 2)).traced();
            check_chrome(&execute(run, &program).outcome.trace.expect("the run is traced"));
        }
    }
}
