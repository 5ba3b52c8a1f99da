//! The watchdog: ends the process when one poll never returns.
//!
//! A poll that blocks its thread or spins for ever cannot be stopped from within the process.
//! So a thread looks at all runs now and then; when one poll has gone on for longer than its
//! run's limit, it says which task of which run that is, and exits with code 101.

use std::io::Write;
use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use crate::engine::{Beacon, all_beacons};
use crate::{environment, hunt};

/// The exit code of a process that the watchdog ended; that of a Rust test that panicked.
pub const EXIT_CODE: i32 = 101;

/// How often it looks. A limit is kept to about twice this.
const TICK: Duration = Duration::from_millis(100);

/// The same in a process that makes trials, many of which are to be ended.
const TRIAL_TICK: Duration = Duration::from_millis(10);

/// Starts the watchdog's thread, once for the process. Not under Miri, which takes a thread for a leak
/// that is there when the process ends, and is slow: a poll may take as long as it likes there.
pub(crate) fn start() {
    if cfg!(miri) {
        return;
    }
    static START: Once = Once::new();
    START.call_once(|| {
        let watchdog = std::thread::Builder::new().name(String::from("unpick watchdog"));
        // Without it a poll that hangs stays silent, which is no reason to refuse to run.
        let _ = watchdog.spawn(|| watch(&mut Vec::new()));
    });
}

/// A poll that was going on when the watchdog last looked.
struct Sighting {
    beacon: Weak<Beacon>,
    /// A run's stamp, and the poll's number in it.
    poll: (u64, u64),
    ticks: u64,
}

fn watch(sightings: &mut Vec<Sighting>) {
    let tick = if environment::trials().is_some() { TRIAL_TICK } else { TICK };
    loop {
        std::thread::sleep(tick);
        let mut seen = Vec::new();
        for beacon in all_beacons() {
            let Some((poll, limit_ms)) = beacon.poll_going_on() else { continue };
            let same = sightings.iter().find(|sighting| {
                sighting.poll == poll && sighting.beacon.ptr_eq(&Arc::downgrade(&beacon))
            });
            // Ticks rather than a clock: while a debugger holds the process they stand still.
            let ticks = same.map_or(0, |sighting| sighting.ticks + 1);
            if ticks * tick.as_millis() as u64 >= limit_ms {
                exit(&beacon, limit_ms);
            }
            seen.push(Sighting { beacon: Arc::downgrade(&beacon), poll, ticks });
        }
        *sightings = seen;
    }
}

fn exit(beacon: &Beacon, limit_ms: u64) -> ! {
    hunt::tell_hang(beacon, limit_ms);
    let (task, site) = beacon.polled();
    let spawned =
        site.map_or(String::new(), |site| format!(", spawned at {}:{}", site.file(), site.line()));
    let run = beacon.run();
    let _ = writeln!(
        std::io::stderr(),
        "unpick: a poll of task {task}{spawned} has not returned for {limit_ms} ms in run {run}.\n\
         It blocks its thread or loops without an await, which cannot be stopped from outside: \
         the process ends here.\nThe same again: run {run}"
    );
    std::process::exit(EXIT_CODE)
}
