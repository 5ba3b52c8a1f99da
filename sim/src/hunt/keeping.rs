//! What a hunt keeps from one time to the next: failures, and the files of its reports.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::failure::{Failure, Origin};
use super::files::write_atomically;
use super::places::file_stem;
use super::regressions::{self, Alignment, Entry, Onlooker, Regressions, Replay};
use super::{Hunt, TestInfo, Verdict};
use crate::choice::Choice;
use crate::finding::Finding;
use crate::seed::RunId;
use crate::tape::Tape;
use crate::trace::{Text, Trace};

/// Where a hunt keeps what it finds. One that knows its test has places for all of it; any other
/// keeps what it is told to keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Keeping {
    pub(super) regressions: Place,
    pub(super) report_dir: Option<PathBuf>,
}

/// What makes a run that is replayed.
pub(super) const REPLAY: &str = "replay";

/// What the name of the file with the last failure ends with.
const LAST: &str = "last.txt";

/// Where failures are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside the package, if the hunt knows its test.
    #[default]
    Own,
    /// Nowhere.
    Off,
    /// In this file.
    File(PathBuf),
}

/// A failure that was kept and is there again.
pub(super) struct Again {
    pub(super) tape: Tape,
    pub(super) finding: Finding,
    pub(super) origin: Origin,
    /// In which run it was found, and by which strategy, if that is known.
    pub(super) found: Option<(RunId, String)>,
}

/// The replay of a kept failure that ended the process that made it.
#[derive(Clone, Debug)]
pub(super) struct FatalReplay {
    /// The how-manieth entry of all that are replayed it was of, from 0.
    pub(super) entry: usize,
    pub(super) finding: Finding,
    /// What was chosen until then.
    pub(super) choices: Vec<Choice>,
    pub(super) stage: Stage,
}

/// How far a replay had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It followed the tape.
    Tape,
    /// The program asks something else: deviations were looked for.
    Search,
    /// No more than so many were found, and runs were drawn behind them.
    Around(usize),
}

impl FatalReplay {
    fn into_replay(self, entry: &Entry) -> Replay {
        let (tape, of) = (entry.tape_of(self.choices), entry.deviations());
        let alignment = match self.stage {
            Stage::Tape => Alignment::Exact,
            Stage::Search => Alignment::Edited { matched: tape.deviations().min(of), of },
            Stage::Around(matched) => Alignment::Edited { matched, of },
        };
        Replay { alignment, failing: Some((tape, self.finding)) }
    }
}

impl Hunt {
    /// The file with failures, if there is to be one.
    fn regressions_file(&self) -> Option<PathBuf> {
        match &self.keeping.regressions {
            Place::Own => self.test.as_ref().and_then(TestInfo::regressions),
            Place::Off => None,
            Place::File(path) => Some(path.clone()),
        }
    }

    /// The folder for reports, if there is to be one.
    fn reports_folder(&self) -> Option<PathBuf> {
        let told = self.keeping.report_dir.clone();
        told.or_else(|| self.test.as_ref().and_then(TestInfo::report_dir))
    }

    /// A file in the folder for reports, by what its name ends with.
    fn report_file(&self, folder: &Path, end: &str) -> PathBuf {
        let stem = self.test.map_or_else(|| file_stem(&self.name), |test| test.file_stem());
        folder.join(format!("{stem}.{end}"))
    }

    /// A path as a reader has it: from the package's folder on.
    fn shown(&self, path: &Path) -> String {
        let folder = self.test.and_then(|test| test.manifest_dir);
        let shown = folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
        shown.display().to_string()
    }

    /// Whether there is something to be replayed.
    ///
    /// # Panics
    /// If a file with regressions cannot be read.
    #[track_caller]
    pub(super) fn has_kept(&self) -> bool {
        let last = self.reports_folder().map(|folder| self.report_file(&folder, LAST));
        if last.is_some_and(|path| path.exists()) {
            return true;
        }
        let Some(path) = self.regressions_file() else { return false };
        match Regressions::read(&path) {
            Ok(kept) => !kept.entries().is_empty(),
            Err(error) => panic!("hunt `{}`: {error}", self.name),
        }
    }

    /// Whether a replay of what is kept may end its process, as far as is known.
    ///
    /// # Panics
    /// If a file with regressions cannot be read.
    #[track_caller]
    pub(super) fn has_kept_fatal(&self) -> bool {
        let is_fatal = |kept: &Regressions| kept.entries().iter().any(Entry::ends_process);
        let last = self.reports_folder().map(|folder| self.report_file(&folder, LAST));
        if last.is_some_and(|path| Regressions::read(path).is_ok_and(|kept| is_fatal(&kept))) {
            return true;
        }
        let Some(path) = self.regressions_file() else { return false };
        match Regressions::read(&path) {
            Ok(kept) => is_fatal(&kept),
            Err(error) => panic!("hunt `{}`: {error}", self.name),
        }
    }

    /// Replays what is kept: the last failure that nobody expected, then regressions. Gives the
    /// first that fails still, and what is to be said of the others. Of a replay that has ended its
    /// process, what is known is taken, and it is not made again.
    #[track_caller]
    pub(super) fn replay_kept<F, Fut>(
        &self,
        program: &F,
        mut fatal: Option<FatalReplay>,
        onlooker: Option<&dyn Onlooker>,
    ) -> (Option<Again>, Vec<String>)
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        // Where the last failure is that nobody expected, so that a retry meets it again.
        let last = self.reports_folder().map(|folder| self.report_file(&folder, LAST));
        let (mut warnings, mut passing, mut place) = (Vec::new(), 0, 0);
        for path in last.iter().chain(&self.regressions_file()) {
            let kept = match Regressions::read(path) {
                Ok(kept) => kept,
                // The last failure is ours alone: it may be a relic of another version.
                Err(_) if Some(path) == last.as_ref() => continue,
                Err(error) => panic!("hunt `{}`: {error}", self.name),
            };
            for (number, entry) in kept.entries().iter().enumerate() {
                let from = format!("{}, entry {}", self.shown(path), number + 1);
                let replay = match fatal.take_if(|fatal| fatal.entry == place) {
                    Some(fatal) => fatal.into_replay(entry),
                    None => {
                        if let Some(onlooker) = onlooker {
                            onlooker.turns_to(place);
                        }
                        regressions::replay_watched(program, &self.options, entry, onlooker)
                    }
                };
                place += 1;
                if let Some((tape, finding)) = replay.failing {
                    let origin = Origin::Kept { from, alignment: replay.alignment };
                    let found = entry.found().map(|(run, by)| (run, by.to_owned()));
                    return (Some(Again { tape, finding, origin, found }), warnings);
                }
                passing += usize::from(!replay.alignment.is_stale());
                if let Alignment::Edited { matched, of } = replay.alignment
                    && replay.alignment.is_stale()
                {
                    warnings.push(format!(
                        "{from} is stale: of the {of} choices that it takes, {matched} are found \
                         again in the program, and runs around them pass; take it out if the bug \
                         is mended"
                    ));
                }
            }
        }
        match passing {
            0 => {}
            1 => warnings.push(String::from("1 kept failure was replayed, and passes now")),
            _ => warnings.push(format!("{passing} kept failures were replayed, and pass now")),
        }
        if let Some(path) = last {
            // It passes now. That it is not there is as good.
            let _ = fs::remove_file(path);
        }
        (None, warnings)
    }

    /// Keeps a failure that nobody expected: in the file of regressions, and with its report in
    /// the folder for reports. One that no replay gave again leaves its report alone.
    pub(super) fn keep(&self, failure: &mut Failure) {
        let Some(explanation) = &failure.explanation else {
            if failure.finding.kind.ends_process() {
                self.write_report(failure, Vec::new());
            }
            return;
        };
        let minimal = explanation.minimal.as_ref();
        let (finding, tape, trace) = match (minimal, &explanation.trace) {
            (Some(minimal), _) => (&minimal.shrunk.finding, &minimal.shrunk.tape, &minimal.trace),
            (None, Some(trace)) => (&failure.finding, &failure.tape, trace),
            (None, None) => return self.write_report(failure, Vec::new()),
        };
        let mut entry = Entry::new(finding, tape, trace, today());
        if failure.strategy != REPLAY && failure.origin != Origin::Given {
            entry = entry.found_in(failure.id, &failure.strategy);
        }
        let text = |trace| Text::default().with_sites().render(trace);
        let mut files = vec![("trace.txt", text(trace))];
        #[cfg(feature = "json")]
        files.push(("jsonl", trace.to_jsonl()));
        if let Some(passing) = minimal.and_then(|minimal| minimal.passing.as_ref()) {
            files.push(("passing.txt", text(&passing.trace)));
        }
        let kept = self.regressions_file().filter(|_| minimal.is_some());
        failure.kept = kept.map(|path| self.keep_regression(&path, &entry, failure));
        let mut last = Regressions::new("");
        last.keep(entry);
        files.push((LAST, last.to_string()));
        self.write_report(failure, files);
    }

    /// Writes the report of a failure, and files beside it by what their names end with.
    fn write_report(&self, failure: &mut Failure, files: Vec<(&str, String)>) {
        let Some(folder) = self.reports_folder() else { return };
        let report = self.report_file(&folder, "txt");
        let page = self.report_file(&folder, "html");
        let has_page = cfg!(feature = "json") && !traces(failure).is_empty();
        failure.report = Some(self.shown(if has_page { &page } else { &report }));
        let write = || -> io::Result<()> {
            for (end, content) in &files {
                write_atomically(&self.report_file(&folder, end), content.as_bytes())?;
            }
            #[cfg(feature = "json")]
            if has_page {
                write_atomically(&page, failure.to_page().as_bytes())?;
            }
            write_atomically(&report, failure.to_string().as_bytes())
        };
        if let Err(error) = write() {
            failure.report = Some(format!("not written to {}: {error}", folder.display()));
        }
    }

    /// Adds an entry to the file of regressions, and says what became of it.
    fn keep_regression(&self, path: &Path, entry: &Entry, failure: &Failure) -> String {
        let shown = self.shown(path);
        let to_paste = |why: &str| format!("{why}; paste into {shown}: {}", entry.to_line());
        let mut kept = match Regressions::read(path) {
            Ok(kept) => kept,
            Err(error) => return to_paste(&format!("not written ({error})")),
        };
        // The entry that was replayed is of this failure, wherever an edit has moved it to.
        let own = match &failure.origin {
            Origin::Kept { alignment, .. } => {
                let own = kept.entries().iter().position(|known| known.is_of(&failure.finding));
                own.map(|own| (own, *alignment))
            }
            _ => None,
        };
        let what = match own {
            Some((_, Alignment::Exact)) => return format!("{shown}  (there already)"),
            Some((own, Alignment::Edited { .. })) => {
                kept.renew(own, entry.clone());
                "renewed"
            }
            None if !kept.keep(entry.clone()) => return format!("{shown}  (there already)"),
            None => "new",
        };
        if self.keeping.regressions == Place::Own && is_ci() {
            return to_paste("not written, because this is CI");
        }
        match kept.write() {
            Ok(()) => format!("{shown}  ({what}; commit it)"),
            Err(error) => to_paste(&format!("not written ({error})")),
        }
    }
}

/// The runs that are to be looked at: the failing one, and the nearest that passes.
fn traces(failure: &Failure) -> Vec<(&'static str, &Trace)> {
    let Some(explanation) = &failure.explanation else { return Vec::new() };
    let minimal = explanation.minimal.as_ref();
    let failing = minimal.map(|minimal| &minimal.trace).or(explanation.trace.as_ref());
    let passing = minimal.and_then(|minimal| minimal.passing.as_ref());
    let failing = failing.map(|trace| ("fails", trace));
    let passing = passing.map(|passing| ("the nearest run that passes", &passing.trace));
    failing.into_iter().chain(passing).collect()
}

impl Failure {
    /// The report as a page for a browser, with the failing run and the nearest one that passes
    /// side by side: one file that needs nothing else.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_page(&self) -> String {
        let page = crate::trace::Page::new(format!("{}: {}", self.hunt, self.finding.headline()));
        let page = page.report(self.to_string());
        traces(self)
            .into_iter()
            .fold(page, |page, (title, trace)| page.trace(title, trace))
            .render()
    }
}

/// Whether this is a machine whose source tree nobody commits.
fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// The day, in UTC, as `2026-11-25`.
#[expect(clippy::disallowed_methods, reason = "a date for people, outside of any run")]
fn today() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    date_of(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date of a day, counted from 1970-01-01: Hinnant's `civil_from_days` (2014).
fn date_of(days: u64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, date) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_782, "2026-11-25")]
        {
            assert_eq!(date_of(days), date);
        }
    }
}
