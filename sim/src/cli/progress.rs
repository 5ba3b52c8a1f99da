//! How far a hunt over many programs has come, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar moves by itself, so that a long hunt is seen to live.
const TICK: Duration = Duration::from_millis(100);

/// A bar on standard error that is taken off when it is dropped. Nothing where that is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for so many programs; for one alone there is none.
    pub(super) fn new(programs: usize) -> Progress {
        if programs < 2 {
            return Progress { bar: ProgressBar::hidden() };
        }
        let style = "{elapsed:>4} [{bar:30}] {pos}/{len} {msg}";
        let style = ProgressStyle::with_template(style).expect("the template is well-formed");
        let bar = ProgressBar::new(programs as u64).with_style(style.progress_chars("=> "));
        bar.enable_steady_tick(TICK);
        Progress { bar }
    }

    /// Says which program it has come to.
    pub(super) fn at(&self, program: &str) {
        self.bar.set_message(program.to_owned());
    }

    /// Says that one more program is done.
    pub(super) fn done(&self) {
        self.bar.inc(1);
    }

    /// Takes the bar away while something is printed.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
