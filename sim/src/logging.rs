//! What the program logs through `tracing` and `log`, in the trace of its run.
//!
//! Inside of a run both go to a sink. In a traced run it keeps what it is told, with virtual time
//! and task; in any other it drops it unformatted, but says that it wants it, so that what a
//! program does in order to log is the same in both. Outside of a run nothing changes: a
//! subscriber of `tracing` that the program has set goes on as before.
//!
//! The facade `log` has one logger for the whole process. If there is none when the first run
//! begins, unpick sets its own. A program that sets one itself does it through [`log_around`].

use std::fmt::{self, Write};
use std::sync::{Once, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Metadata, Subscriber, span};

use crate::engine;
use crate::trace::{EventKind, LogLevel};

/// Carries something out with the sink in place of this thread's subscriber.
pub(crate) fn inside<R>(run: impl FnOnce() -> R) -> R {
    static SINK: OnceLock<Dispatch> = OnceLock::new();
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        // If there is a logger already, it stays.
        if log::set_logger(&Alone).is_ok() {
            log::set_max_level(log::LevelFilter::Trace);
        }
    });
    tracing::dispatcher::with_default(SINK.get_or_init(|| Dispatch::new(Sink)), run)
}

/// Sets a logger for the process: what is logged outside of runs goes to it, and what is logged
/// inside of one joins the run's trace. `log`'s maximal level is to be set as without it.
///
/// # Errors
/// If a logger is set already: by the program, or because a run was made before.
///
/// # Examples
/// ```
/// struct Nowhere;
///
/// impl log::Log for Nowhere {
///     fn enabled(&self, _: &log::Metadata<'_>) -> bool {
///         false
///     }
///     fn log(&self, _: &log::Record<'_>) {}
///     fn flush(&self) {}
/// }
///
/// let logger: Box<dyn log::Log> = Box::new(Nowhere);
/// unpick_sim::logging::log_around(logger).expect("there is none before");
/// log::set_max_level(log::LevelFilter::Info);
/// ```
pub fn log_around(logger: Box<dyn log::Log>) -> Result<(), log::SetLoggerError> {
    log::set_boxed_logger(Box::new(Around(logger)))
}

/// Keeps something that was logged, if the run is traced. It is formatted outside of the engine:
/// that is code of others.
fn keep(level: LogLevel, target: &str, text: impl FnOnce() -> String) {
    if engine::with_run(|core| core.is_traced()) == Some(true) {
        let (target, text) = (target.to_owned(), text());
        engine::with_run(|core| core.record(|_| EventKind::Logged { level, target, text }));
    }
}

/// What `tracing` is told inside of a run. Spans are not kept.
struct Sink;

impl Subscriber for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        // Nobody tells them apart.
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            tracing::Level::ERROR => LogLevel::Error,
            tracing::Level::WARN => LogLevel::Warn,
            tracing::Level::INFO => LogLevel::Info,
            tracing::Level::DEBUG => LogLevel::Debug,
            _ => LogLevel::Trace,
        };
        keep(level, metadata.target(), || {
            let mut fields = Fields::default();
            event.record(&mut fields);
            fields.message + &fields.others
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event's message, and its other fields behind it.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.others, " {}={value:?}", field.name())
        };
    }
}

/// Gives `log` to the trace, if there is a run on this thread; says whether there was.
fn take(record: &log::Record<'_>) -> bool {
    let is_inside = engine::is_inside();
    if is_inside {
        let level = match record.level() {
            log::Level::Error => LogLevel::Error,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Info => LogLevel::Info,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Trace => LogLevel::Trace,
        };
        keep(level, record.target(), || record.args().to_string());
    }
    is_inside
}

/// The logger of a process that has no other.
struct Alone;

impl log::Log for Alone {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        engine::is_inside()
    }

    fn log(&self, record: &log::Record<'_>) {
        take(record);
    }

    fn flush(&self) {}
}

/// The program's own logger, but for runs.
struct Around(Box<dyn log::Log>);

impl log::Log for Around {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        engine::is_inside() || self.0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !take(record) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}
