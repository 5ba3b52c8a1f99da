//! How costs grow: the same work over more tasks, timers, waiters and events, each size in a
//! process of its own.

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::future::{Future, poll_fn};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use unpick::primitives::{Event, Lock, Notify, Queue};
use unpick::sim::options::{Detection, Detectors};
use unpick::sim::time::sleep;
use unpick::sim::{spawn, yield_now};
use unpick::{Options, Run};

use crate::callgrind::{CountError, instructions};

/// What grows, and how far.
struct Dimension {
    /// Its name on the command line.
    name: &'static str,
    /// What a size counts.
    of: &'static str,
    /// What is measured.
    unit: &'static str,
    sizes: &'static [u64],
    /// How many units of work a run of this size is.
    units: fn(u64) -> u64,
    run: fn(u64),
}

/// From how many on each is told its share of the memory.
const MANY: u64 = 100_000;

/// How many wait where what becomes of them is told apart.
const CROWDS: &[u64] = &[1_000, 10_000, 100_000];

/// As much work for every size, if that is not smaller than it.
const WORK: u64 = 1_000_000;

const DIMENSIONS: &[Dimension] = &[
    Dimension {
        name: "tasks",
        of: "tasks that yield in turn",
        unit: "step",
        sizes: &[10, 100, 1_000, 10_000, 100_000, 1_000_000],
        units: |tasks| tasks * (yields(tasks) + 1),
        run: tasks,
    },
    Dimension {
        name: "timers",
        of: "timers at once",
        unit: "sleep",
        sizes: &[10, 100, 1_000, 10_000, 100_000, 1_000_000],
        units: |timers| timers * rounds(timers),
        run: timers,
    },
    Dimension {
        name: "lock",
        of: "waiters for one lock",
        unit: "waiter",
        sizes: &[10, 100, 1_000, 10_000, 100_000],
        units: |waiters| waiters * rounds(waiters),
        run: waiters_for_a_lock,
    },
    Dimension {
        name: "lock_woken",
        of: "waiters for one lock, woken",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_lock(waiters, Fate::Woken),
    },
    Dimension {
        name: "lock_cancelled",
        of: "waiters for one lock, cancelled",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_lock(waiters, Fate::Cancelled),
    },
    Dimension {
        name: "lock_dropped",
        of: "waiters for one lock, dropped",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_lock(waiters, Fate::Dropped),
    },
    Dimension {
        name: "event_woken",
        of: "waiters for one event, woken",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_an_event(waiters, Fate::Woken),
    },
    Dimension {
        name: "event_cancelled",
        of: "waiters for one event, cancelled",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_an_event(waiters, Fate::Cancelled),
    },
    Dimension {
        name: "event_dropped",
        of: "waiters for one event, dropped",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_an_event(waiters, Fate::Dropped),
    },
    Dimension {
        name: "queue_woken",
        of: "waiters at one queue, woken",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_queue(waiters, Fate::Woken),
    },
    Dimension {
        name: "queue_cancelled",
        of: "waiters at one queue, cancelled",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_queue(waiters, Fate::Cancelled),
    },
    Dimension {
        name: "queue_dropped",
        of: "waiters at one queue, dropped",
        unit: "waiter",
        sizes: CROWDS,
        units: |waiters| waiters,
        run: |waiters| crowd_at_a_queue(waiters, Fate::Dropped),
    },
    Dimension {
        name: "notify",
        of: "waiters for one notification",
        unit: "waiter",
        sizes: &[10, 100, 1_000, 10_000, 100_000],
        units: |waiters| waiters * rounds(waiters),
        run: waiters_for_a_notification,
    },
    Dimension {
        name: "trace",
        of: "events in a trace",
        unit: "event",
        sizes: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        units: |events| events,
        run: |events| trace(run().traced(), events),
    },
    Dimension {
        name: "trace_last",
        of: "events, the last 100 000 of which are kept",
        unit: "event",
        sizes: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        units: |events| events,
        run: |events| trace(run().traced_last(100_000), events),
    },
];

/// The subcommand that a process of its own is started with.
pub const ALONE: &str = "scale-alone";

/// Prints a table for each dimension: nanoseconds (the least of so many repetitions) and
/// instructions a unit, bytes for each of what grows, and how many times what it costs at the size
/// before.
///
/// # Errors
/// If a process could not be started, or said something else than what it is to.
pub fn print_tables(repetitions: u64) -> Result<(), Box<dyn Error>> {
    for dimension in DIMENSIONS {
        let Dimension { of, unit, sizes, units, .. } = dimension;
        println!(
            "| {of} | ns a {unit} | instructions a {unit} | times the size before | bytes each |"
        );
        println!("|---|---|---|---|---|");
        let (_, idle_kib) = alone(dimension, sizes[0])?;
        let mut before = None;
        for &size in *sizes {
            let (mut least, mut most_kib) = alone(dimension, size)?;
            for _ in 1..repetitions {
                let (nanos, kib) = alone(dimension, size)?;
                (least, most_kib) = (least.min(nanos), most_kib.max(kib));
            }
            let (least, units) = (u128::from(least), u128::from(units(size)));
            let counted = match instructions(&command(dimension, size)?) {
                Err(CountError::NoValgrind) => None,
                counted => Some(u128::from(counted?) / units),
            };
            let tenths = least * 10 / units;
            let measured = counted.unwrap_or(tenths);
            let times = before.map_or_else(String::new, |before: u128| {
                let hundredths = measured * 100 / before.max(1);
                format!("{}.{:02}", hundredths / 100, hundredths % 100)
            });
            before = Some(measured);
            let counted = counted.map_or_else(|| String::from("–"), |count| count.to_string());
            // Of fewer, other things are more.
            let bytes = if size < MANY {
                String::new()
            } else {
                (most_kib.saturating_sub(idle_kib) * 1024 / size).to_string()
            };
            println!(
                "| {size} | {}.{} | {counted} | {times} | {bytes} |",
                tenths / 10,
                tenths % 10
            );
        }
        println!();
    }
    Ok(())
}

fn command(dimension: &Dimension, size: u64) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ALONE, dimension.name, &size.to_string()]);
    Ok(command)
}

/// Nanoseconds of a run of this size, and how many KiB its process had at the most.
fn alone(dimension: &Dimension, size: u64) -> Result<(u64, u64), Box<dyn Error>> {
    let output = command(dimension, size)?.stdout(Stdio::piped()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (nanos, kib) = text.trim().split_once(' ').ok_or("it printed no two numbers")?;
    Ok((nanos.parse()?, kib.parse()?))
}

/// Makes one run, and prints how many nanoseconds it took and how many KiB its process had.
///
/// # Errors
/// If there is no such dimension.
#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
pub fn measure(name: &str, size: u64) -> Result<(), String> {
    let dimension =
        DIMENSIONS.iter().find(|dimension| dimension.name == name).ok_or_else(|| {
            let names: Vec<&str> = DIMENSIONS.iter().map(|dimension| dimension.name).collect();
            format!("there is no dimension `{name}`; allowed: {}", names.join(", "))
        })?;
    let begin = Instant::now();
    (dimension.run)(size);
    let nanos = begin.elapsed().as_nanos();
    println!("{nanos} {}", peak_kib());
    Ok(())
}

/// How many KiB this process has had at the most.
#[must_use]
pub fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or(0)
}

/// How often each of so many tasks yields.
const fn yields(tasks: u64) -> u64 {
    let each = WORK / tasks;
    if each < 2 { 2 } else { each }
}

/// How often each of so many waits.
const fn rounds(waiters: u64) -> u64 {
    let each = WORK / 10 / waiters;
    if each == 0 { 1 } else { each }
}

fn run() -> Run {
    // The last of many in a fair queue is passed by all before it, which counts as starvation.
    let detectors = Detectors { starvation: Detection::Off, ..Detectors::default() };
    Run::with(Options { steps_max: u64::MAX, detectors, ..Options::default() })
}

fn tasks(tasks: u64) {
    let outcome = run().execute(|| async move {
        let task = || async move {
            for _ in 0..yields(tasks) {
                yield_now().await;
            }
        };
        let handles: Vec<_> = (0..tasks).map(|_| spawn(task())).collect();
        for handle in handles {
            handle.await.expect("a task that yields returns");
        }
    });
    assert!(outcome.result.is_ok(), "yielding passes");
}

fn timers(timers: u64) {
    let outcome = run().execute(|| async move {
        let task = |number: u64| async move {
            for round in 0..rounds(timers) {
                // All differ, and none are in order.
                sleep(Duration::from_nanos(1 + (number * 7919 + round * 13) % (timers + 1))).await;
            }
        };
        let handles: Vec<_> = (0..timers).map(|number| spawn(task(number))).collect();
        for handle in handles {
            handle.await.expect("a task that sleeps returns");
        }
    });
    assert!(outcome.result.is_ok(), "sleeping passes");
}

fn waiters_for_a_lock(waiters: u64) {
    let outcome = run().plain().execute(|| async move {
        let lock = Rc::new(Lock::new(0));
        for _ in 0..rounds(waiters) {
            let held = lock.lock().await;
            let task = |lock: Rc<Lock<u64>>| async move { *lock.lock().await += 1 };
            let handles: Vec<_> = (0..waiters).map(|_| spawn(task(lock.clone()))).collect();
            yield_now().await;
            drop(held);
            for handle in handles {
                handle.await.expect("a lock is handed on");
            }
        }
    });
    assert!(outcome.result.is_ok(), "a lock works: {:?}", outcome.result);
}

/// What becomes of those that wait.
#[derive(Clone, Copy)]
enum Fate {
    /// They get what they wait for.
    Woken,
    /// Their tasks are aborted.
    Cancelled,
    /// They are futures of one task, which drops them.
    Dropped,
}

/// So many wait, and that becomes of them; `wake` lets all of them go.
fn crowd<T: 'static, F: Future<Output = ()> + 'static>(
    waiters: u64,
    fate: Fate,
    object: impl FnOnce() -> T,
    wait: impl Fn(Rc<T>) -> F,
    wake: impl Fn(&T),
) {
    // 7919 is a prime, and no divisor of the sizes: every place comes once.
    let places = || (0..waiters).map(|step| (step * 7919 % waiters) as usize);
    let outcome = run().plain().execute(|| async {
        let object = Rc::new(object());
        if let Fate::Dropped = fate {
            let mut futures: Vec<_> =
                (0..waiters).map(|_| Some(Box::pin(wait(object.clone())))).collect();
            poll_fn(|context| {
                for future in futures.iter_mut().flatten() {
                    assert!(future.as_mut().poll(context).is_pending(), "nobody lets it go");
                }
                Poll::Ready(())
            })
            .await;
            places().for_each(|place| drop(futures[place].take()));
            return;
        }
        let handles: Vec<_> = (0..waiters).map(|_| spawn(wait(object.clone()))).collect();
        yield_now().await;
        match fate {
            Fate::Cancelled => places().for_each(|place| _ = handles[place].abort()),
            Fate::Woken | Fate::Dropped => wake(&object),
        }
        for handle in handles {
            assert_eq!(handle.await.is_ok(), matches!(fate, Fate::Woken), "as was its fate");
        }
    });
    assert!(outcome.result.is_ok(), "they wait for something: {:?}", outcome.result);
}

fn crowd_at_a_lock(waiters: u64, fate: Fate) {
    let held = || {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.clone().try_lock_owned().ok();
        (lock, RefCell::new(guard))
    };
    let wait = |held: Rc<(Arc<Lock>, _)>| async move { drop(held.0.lock().await) };
    crowd(waiters, fate, held, wait, |(_, guard)| drop(guard.take()));
}

fn crowd_at_an_event(waiters: u64, fate: Fate) {
    let wait = |event: Rc<Event>| async move { event.wait().await };
    crowd(waiters, fate, Event::new, wait, Event::set);
}

fn crowd_at_a_queue(waiters: u64, fate: Fate) {
    let wait = |queue: Rc<Queue<u64>>| async move {
        queue.get().await.expect("nobody shuts it down");
    };
    let put = |queue: &Queue<u64>| {
        (0..waiters).for_each(|item| queue.put_nowait(item).expect("it has no bound"));
    };
    crowd(waiters, fate, || Queue::new(0), wait, put);
}

fn waiters_for_a_notification(waiters: u64) {
    let outcome = run().plain().execute(|| async move {
        let notify = Rc::new(Notify::new());
        for _ in 0..rounds(waiters) {
            let task = |notify: Rc<Notify>| async move { notify.notified().await };
            let handles: Vec<_> = (0..waiters).map(|_| spawn(task(notify.clone()))).collect();
            yield_now().await;
            notify.notify_waiters();
            for handle in handles {
                handle.await.expect("all are woken");
            }
        }
    });
    assert!(outcome.result.is_ok(), "a notification works");
}

/// Two tasks that yield, with their events recorded: about so many.
fn trace(run: Run, events: u64) {
    let outcome = run.plain().execute(|| async move {
        // A step, and the wake-up of the next.
        let task = || async move {
            for _ in 0..events / 4 {
                yield_now().await;
            }
        };
        let other = spawn(task());
        task().await;
        other.await.expect("a task that yields returns");
    });
    let count = outcome.trace.map_or(0, |trace| trace.events.len());
    assert!(count as u64 >= (events / 2).min(100_000), "{count} events were recorded");
}
