//! Reading records: JSON, checked so that whatever is interpreted makes sense.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use unpick::primitives::queue::Shutdown;

use super::program::{
    Act, Body, End, Line, Mode, Object, ObjectKind, Operation, Program, Record, Report,
};

/// What is wrong with a record, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Such as `program.tasks[0][2]`; empty for the record itself.
    pub at: String,
    /// What is there, and what is expected.
    pub problem: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.at.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.at, self.problem)
    }
}

impl std::error::Error for Malformed {}

/// Reads one record.
///
/// # Errors
/// If it is not JSON, or not a record.
pub fn read(text: &str) -> Result<Record, Malformed> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| malformed("", format!("it is not JSON: {error}")))?;
    let record = object(&value, "")?;
    let name = text_of(field(record, "name", "")?, "name")?.to_owned();
    let program = program(field(record, "program", "")?)?;
    let expected = report(field(record, "expected", "")?, &program)?;
    Ok(Record { name, program, expected })
}

fn program(value: &Value) -> Result<Program, Malformed> {
    let at = "program";
    let program = object(value, at)?;
    let specs = object(field(program, "objects", at)?, "program.objects")?;
    let mut objects = Vec::new();
    for (name, spec) in specs {
        objects.push(object_spec(name, spec)?);
    }
    objects.sort_by(|left, right| left.name.cmp(&right.name));
    let tasks = array(field(program, "tasks", at)?, "program.tasks")?;
    let reader = Reader { objects: &objects, tasks: tasks.len() };
    let mut bodies = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        bodies.push(reader.body(task, &format!("program.tasks[{number}]"))?);
    }
    Ok(Program { objects, tasks: bodies })
}

fn object_spec(name: &str, value: &Value) -> Result<Object, Malformed> {
    let at = &format!("program.objects.{name}");
    let spec = object(value, at)?;
    let of_type = text_of(field(spec, "type", at)?, at)?;
    let found = KINDS.iter().find(|(known, ..)| *known == of_type);
    let Some(&(_, kind, size)) = found else {
        return Err(malformed(at, format!("there is no type of objects `{of_type}`")));
    };
    let Some((size, least)) = size else {
        return Ok(Object { name: name.to_owned(), kind, size: 0 });
    };
    let at = &format!("{at}.{size}");
    let number = unsigned(field(spec, size, at)?, at)?;
    let size = usize::try_from(number).ok().filter(|size| (least..=SIZE_MAX).contains(size));
    let size = size
        .ok_or_else(|| malformed(at, format!("it is {number}; expected: {least} to {SIZE_MAX}")))?;
    Ok(Object { name: name.to_owned(), kind, size })
}

/// The largest semaphore, barrier or queue of a program.
const SIZE_MAX: usize = 1 << 20;

/// A field that says how large an object is, and the least value that it can have.
type Size = Option<(&'static str, usize)>;

const KINDS: &[(&str, ObjectKind, Size)] = &[
    ("lock", ObjectKind::Lock, None),
    ("semaphore", ObjectKind::Semaphore, Some(("value", 0))),
    ("bounded_semaphore", ObjectKind::BoundedSemaphore, Some(("value", 0))),
    ("event", ObjectKind::Event, None),
    ("condition", ObjectKind::Condition, None),
    ("barrier", ObjectKind::Barrier, Some(("parties", 1))),
    ("queue", ObjectKind::Queue, Some(("maxsize", 0))),
    ("lifo_queue", ObjectKind::LifoQueue, Some(("maxsize", 0))),
    ("priority_queue", ObjectKind::PriorityQueue, Some(("maxsize", 0))),
    ("future", ObjectKind::Future, None),
];

const SEMAPHORES: &[ObjectKind] = &[ObjectKind::Semaphore, ObjectKind::BoundedSemaphore];
const QUEUES: &[ObjectKind] =
    &[ObjectKind::Queue, ObjectKind::LifoQueue, ObjectKind::PriorityQueue];
const LOCK: &[ObjectKind] = &[ObjectKind::Lock];
const EVENT: &[ObjectKind] = &[ObjectKind::Event];
const CONDITION: &[ObjectKind] = &[ObjectKind::Condition];
const BARRIER: &[ObjectKind] = &[ObjectKind::Barrier];
const FUTURE: &[ObjectKind] = &[ObjectKind::Future];

/// How an operation's arguments become what it does.
type Read = fn(&mut Arguments<'_>) -> Result<Act, Malformed>;

/// Every operation: its name, and how it is read.
const OPERATIONS: &[(&str, Read)] = &[
    ("sleep", |it| Ok(Act::Sleep(it.number()?))),
    ("raise", |it| it.text().map(|_| Act::Raise)),
    ("lock", |it| Ok(Act::Guarded(it.object(LOCK)?, it.body()?))),
    ("semaphore", |it| Ok(Act::Guarded(it.object(SEMAPHORES)?, it.body()?))),
    ("acquire", |it| Ok(Act::Acquire(it.object(SEMAPHORES)?))),
    ("release", |it| Ok(Act::Release(it.object(SEMAPHORES)?))),
    ("event_wait", |it| Ok(Act::EventWait(it.object(EVENT)?))),
    ("event_set", |it| Ok(Act::EventSet(it.object(EVENT)?))),
    ("event_clear", |it| Ok(Act::EventClear(it.object(EVENT)?))),
    ("condition_wait", |it| Ok(Act::ConditionWait(it.object(CONDITION)?))),
    ("condition_notify", |it| Ok(Act::ConditionNotify(it.object(CONDITION)?, it.count()?))),
    ("barrier_wait", |it| Ok(Act::BarrierWait(it.object(BARRIER)?))),
    ("barrier_abort", |it| Ok(Act::BarrierAbort(it.object(BARRIER)?))),
    ("barrier_reset", |it| Ok(Act::BarrierReset(it.object(BARRIER)?))),
    ("put", |it| Ok(Act::Put(it.object(QUEUES)?, it.value()?))),
    ("get", |it| Ok(Act::Get(it.object(QUEUES)?))),
    ("put_nowait", |it| Ok(Act::PutNowait(it.object(QUEUES)?, it.value()?))),
    ("get_nowait", |it| Ok(Act::GetNowait(it.object(QUEUES)?))),
    ("task_done", |it| Ok(Act::TaskDone(it.object(QUEUES)?))),
    ("join", |it| Ok(Act::Join(it.object(QUEUES)?))),
    ("queue_shutdown", |it| Ok(Act::QueueShutdown(it.object(QUEUES)?, it.shutdown()?))),
    ("future_wait", |it| Ok(Act::FutureWait(it.object(FUTURE)?))),
    ("future_set", |it| Ok(Act::FutureSet(it.object(FUTURE)?, it.value()?))),
    ("future_fail", |it| it.failure()),
    ("future_cancel", |it| Ok(Act::FutureCancel(it.object(FUTURE)?))),
    ("timeout", |it| Ok(Act::Timeout(it.number()?, it.body()?))),
    ("gather", |it| Ok(Act::Gather(it.bodies()?))),
    ("group", |it| Ok(Act::Group(it.bodies()?))),
    ("wait", |it| Ok(Act::Wait(it.mode()?, it.bodies()?))),
    ("cancel", |it| Ok(Act::Cancel(it.task()?))),
];

/// What operations refer to.
struct Reader<'a> {
    objects: &'a [Object],
    tasks: usize,
}

impl Reader<'_> {
    fn body(&self, value: &Value, at: &str) -> Result<Body, Malformed> {
        let operations = array(value, at)?.iter().enumerate();
        operations
            .map(|(number, value)| self.operation(value, &format!("{at}[{number}]")))
            .collect()
    }

    fn operation(&self, value: &Value, at: &str) -> Result<Operation, Malformed> {
        let items = array(value, at)?;
        let (name, arguments) =
            items.split_first().ok_or_else(|| malformed(at, "an operation without a name"))?;
        let name = text_of(name, at)?;
        let known = OPERATIONS.iter().find(|(known, _)| *known == name);
        let Some(&(name, read)) = known else {
            return Err(malformed(at, format!("there is no operation `{name}`")));
        };
        let mut arguments = Arguments { reader: self, name, items: arguments, at };
        let act = read(&mut arguments)?;
        match arguments.items.len() {
            0 => Ok(Operation { name, act }),
            more => Err(malformed(at, format!("`{name}` has {more} arguments too many"))),
        }
    }
}

/// The arguments of one operation, taken one after the other.
struct Arguments<'a> {
    reader: &'a Reader<'a>,
    name: &'static str,
    items: &'a [Value],
    at: &'a str,
}

impl<'a> Arguments<'a> {
    fn next(&mut self) -> Result<&'a Value, Malformed> {
        let (first, rest) = self
            .items
            .split_first()
            .ok_or_else(|| malformed(self.at, format!("`{}` has too few arguments", self.name)))?;
        self.items = rest;
        Ok(first)
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        unsigned(self.next()?, self.at)
    }

    fn count(&mut self) -> Result<usize, Malformed> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| malformed(self.at, format!("{number} is too many")))
    }

    fn value(&mut self) -> Result<i64, Malformed> {
        let value = self.next()?;
        value.as_i64().ok_or_else(|| expected("an integer", value, self.at))
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        text_of(self.next()?, self.at)
    }

    fn object(&mut self, kinds: &[ObjectKind]) -> Result<usize, Malformed> {
        let name = self.text()?;
        let index = self.reader.objects.iter().position(|object| object.name == name);
        let index =
            index.ok_or_else(|| malformed(self.at, format!("there is no object `{name}`")))?;
        let kind = self.reader.objects[index].kind;
        if kinds.contains(&kind) {
            return Ok(index);
        }
        Err(malformed(self.at, format!("`{}` is not for `{name}`, a {kind:?}", self.name)))
    }

    fn failure(&mut self) -> Result<Act, Malformed> {
        let object = self.object(FUTURE)?;
        self.next()?;
        Ok(Act::FutureFail(object))
    }

    fn body(&mut self) -> Result<Body, Malformed> {
        self.reader.body(self.next()?, self.at)
    }

    fn bodies(&mut self) -> Result<Vec<Body>, Malformed> {
        let bodies = array(self.next()?, self.at)?;
        bodies.iter().map(|body| self.reader.body(body, self.at)).collect()
    }

    fn mode(&mut self) -> Result<Mode, Malformed> {
        match self.text()? {
            "first_completed" => Ok(Mode::FirstCompleted),
            "first_exception" => Ok(Mode::FirstException),
            "all_completed" => Ok(Mode::AllCompleted),
            other => Err(malformed(self.at, format!("there is no mode `{other}` of wait"))),
        }
    }

    /// Whether a queue that is shut down is emptied at once.
    fn shutdown(&mut self) -> Result<Shutdown, Malformed> {
        let value = self.next()?;
        match value.as_bool() {
            Some(true) => Ok(Shutdown::Immediate),
            Some(false) => Ok(Shutdown::Drain),
            None => Err(expected("a boolean", value, self.at)),
        }
    }

    fn task(&mut self) -> Result<usize, Malformed> {
        let name = self.text()?;
        let number = name.strip_prefix('t').and_then(|number| number.parse().ok());
        number.filter(|&number| number < self.reader.tasks).ok_or_else(|| {
            malformed(self.at, format!("there is no task `{name}` of the program itself"))
        })
    }
}

fn report(value: &Value, program: &Program) -> Result<Report, Malformed> {
    let at = "expected";
    let report = object(value, at)?;
    let end = match text_of(field(report, "end", at)?, "expected.end")? {
        "finished" => End::Finished,
        "deadlock" => End::Deadlock,
        other => return Err(malformed("expected.end", format!("there is no end `{other}`"))),
    };
    let mut blocked = BTreeMap::new();
    for (task, path) in object(field(report, "blocked", at)?, "expected.blocked")? {
        let path = text_of(path, &format!("expected.blocked.{task}"))?;
        blocked.insert(task.clone(), path.to_owned());
    }
    let mut log = Vec::new();
    for (number, value) in array(field(report, "log", at)?, "expected.log")?.iter().enumerate() {
        log.push(line(value, program, &format!("expected.log[{number}]"))?);
    }
    let time_us = unsigned(field(report, "time_us", at)?, "expected.time_us")?;
    Ok(Report { end, time_us, blocked, log })
}

fn line(value: &Value, program: &Program, at: &str) -> Result<Line, Malformed> {
    let [time_us, task, path, operation, result] = array(value, at)? else {
        return Err(malformed(at, "a line has five items: time, task, path, operation, result"));
    };
    let line = Line {
        time_us: unsigned(time_us, at)?,
        task: text_of(task, at)?.to_owned(),
        path: text_of(path, at)?.to_owned(),
        operation: text_of(operation, at)?.to_owned(),
        result: result.clone(),
    };
    if !line.path.is_empty() && program.operation(&line.task, &line.path).is_none() {
        return Err(malformed(at, format!("task {} has no path {}", line.task, line.path)));
    }
    Ok(line)
}

fn field<'a>(record: &'a Map<String, Value>, name: &str, at: &str) -> Result<&'a Value, Malformed> {
    record.get(name).ok_or_else(|| malformed(at, format!("there is no field `{name}`")))
}

fn object<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>, Malformed> {
    value.as_object().ok_or_else(|| expected("an object", value, at))
}

fn array<'a>(value: &'a Value, at: &str) -> Result<&'a [Value], Malformed> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| expected("an array", value, at))
}

fn text_of<'a>(value: &'a Value, at: &str) -> Result<&'a str, Malformed> {
    value.as_str().ok_or_else(|| expected("a string", value, at))
}

fn unsigned(value: &Value, at: &str) -> Result<u64, Malformed> {
    value.as_u64().ok_or_else(|| expected("an integer of zero or more", value, at))
}

fn expected(what: &str, value: &Value, at: &str) -> Malformed {
    let found = match value {
        Value::Null => String::from("null"),
        Value::Bool(_) => String::from("a boolean"),
        Value::Number(number) => number.to_string(),
        Value::String(_) => String::from("a string"),
        Value::Array(_) => String::from("an array"),
        Value::Object(_) => String::from("an object"),
    };
    malformed(at, format!("expected {what}, found {found}"))
}

fn malformed(at: &str, problem: impl Into<String>) -> Malformed {
    Malformed { at: at.to_owned(), problem: problem.into() }
}
