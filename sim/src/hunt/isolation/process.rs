//! A worker as its hunt sees it: how it is started, what it tells, and how it ended.

use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::{env, mem};

use super::ending::{Ending, SAID_MAX};
use super::orders::{Job, Orders};
use super::records::{Polled, Record};
use super::wire::read_frame;
use crate::environment;
use crate::hunt::Hunt;
use crate::hunt::rerun::test_of_thread;

/// A worker that was started.
pub(super) struct Worker {
    child: Child,
    records: BufReader<PipeReader>,
    /// Reads its standard error.
    listener: JoinHandle<(Vec<String>, usize)>,
    pub(super) hung_ms: Option<u64>,
    pub(super) polled: Option<Polled>,
}

impl Worker {
    /// Starts one, with the files that it may read.
    pub(super) fn start(
        hunt: &Hunt,
        orders: &Orders,
        earlier: Option<&Path>,
        trials: Option<&Path>,
    ) -> io::Result<Worker> {
        let (records, told) = io::pipe()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments(hunt)).env(environment::WORKER, orders.to_string());
        if let Some(earlier) = earlier {
            command.env(environment::EARLIER, earlier);
        }
        if let Some(trials) = trials {
            command.env(environment::TRIALS, trials);
        }
        // A backtrace would hide what was said before it.
        command.env("RUST_BACKTRACE", "0");
        command.stdin(told).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        // It has the other end of the pipe: with it here, the pipe would never end.
        drop(command);
        let errors = child.stderr.take().expect("it was asked for");
        let listener = thread::Builder::new().spawn(move || listen(BufReader::new(errors)))?;
        let records = BufReader::new(records);
        Ok(Worker { child, records, listener, hung_ms: None, polled: None })
    }

    /// What it tells next; `None` if it is gone.
    pub(super) fn next(&mut self) -> Option<Record> {
        let frame = read_frame(&mut self.records).expect("a pipe from a process can be read");
        frame.map(|frame| {
            Record::of_frame(&frame).expect("a worker tells records; this is a bug in unpick")
        })
    }

    /// Ends it.
    pub(super) fn stop(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.ended();
    }

    pub(super) fn ended(mut self) -> Ending {
        let status = self.child.wait().expect("a process that was started can be waited for");
        let (said, said_before) = self.listener.join().unwrap_or_default();
        let Worker { hung_ms, polled, .. } = self;
        Ending { status, hung_ms, polled, said, said_before }
    }
}

/// The last lines of what a worker says, and how many there were before.
fn listen(mut errors: impl BufRead) -> (Vec<String>, usize) {
    let (mut said, mut before) = (Vec::new(), 0);
    let mut line = Vec::new();
    while errors.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&mem::take(&mut line)).trim_end().to_owned();
        if text.is_empty() {
            continue;
        }
        said.push(text);
        if said.len() > SAID_MAX {
            said.remove(0);
            before += 1;
        }
    }
    (said, before)
}

/// With which arguments the executable comes to the hunt again.
fn arguments(hunt: &Hunt) -> Vec<std::ffi::OsString> {
    let own: Vec<_> = env::args_os().skip(1).collect();
    match test_name(hunt, own.iter().any(|argument| argument == "--exact")) {
        None => own,
        Some(name) => [&name, "--exact", "--nocapture", "--include-ignored"].map(Into::into).into(),
    }
}

/// The name of the test that the hunt is in, if another process can be asked for it by that.
fn test_name(hunt: &Hunt, is_asked_for: bool) -> Option<String> {
    let test = hunt.test.map(|test| test.name());
    match (test, test_of_thread()) {
        // It may be one of several cases of a test.
        (Some(test), Some(thread)) if thread.starts_with(test) => Some(thread),
        (None, Some(thread)) => Some(thread),
        _ if is_asked_for => None,
        (Some(test), _) => Some(test.to_owned()),
        (None, None) => None,
    }
}

/// Orders of this hunt.
pub(super) fn orders(hunt: &Hunt, ordinal: u64, lost: &[u64], job: Job) -> Orders {
    Orders { name: hunt.name.clone(), ordinal, seed: hunt.seed, lost: lost.to_vec(), job }
}

/// A worker did not find the hunt.
#[track_caller]
pub(super) fn tell_lost_way(hunt: &Hunt, ending: &Ending) -> ! {
    panic!(
        "hunt `{}`: the process for its runs {} before it began one. It has to come to the hunt in \
         the same way as this one did; it said:\n{}",
        hunt.name,
        ending.how(),
        ending.said.join("\n")
    )
}
