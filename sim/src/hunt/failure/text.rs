//! The report of a failure as text: what happened, the minimal run, why, and how to make it again.

use std::fmt::Write;

use super::source::{Row, Source, files_in, named, named_in_full};
use super::{Failure, Origin};
use crate::finding::{Finding, Kind};
use crate::hunt::explain::{
    Limit, Minimal, Model, Replayed, Without, lanes_of, tell_calls, tell_choice, tell_dropped,
};
use crate::hunt::keeping::REPLAY;
use crate::hunt::regressions::Alignment;
use crate::tape::Tape;
use crate::trace::{EventKind, Trace};

/// How wide a report is, in characters: a terminal's usual width.
const WIDTH: usize = 80;

/// How wide the program's source may be, whose lines are easier to read in one piece: a usual limit
/// of formatters, and what stands before it.
const SOURCE_WIDTH: usize = 108;

/// How far what is shown of the run and of the source is indented.
const INDENT: usize = 2;

/// What the lines of a finding begin with that say why.
const WHY: &str = "why ";

/// How many lines a report has if it can, without the source.
const LINES_MAX: usize = 50;

/// How many lines of the run are shown at the least, if there are so many.
const LANES_MIN: usize = 10;

/// How many lines stand around those of the run: the file, the tasks, and what is not shown; and
/// a few that are continued below.
const AROUND: usize = 5;

/// How many lines of the run are shown at the most.
const LANES_MAX: usize = 30;

/// How many lines of the program's source are shown at the least, if so many are named.
const SOURCE_MIN: usize = 20;

/// How many lines of the program's source are shown at the most.
const SOURCE_MAX: usize = 28;

/// How many of other files than the one with most of the places.
const ELSEWHERE_MAX: usize = 8;

/// How many lines a report has with its source, if it can.
const LINES_WITH_SOURCE_MAX: usize = 64;

/// What the line begins with that says of which file places are.
const PLACES: &str = "places are lines of";

/// What the line begins with that says where an error comes from.
const WORDS: &str = "its words are at";

/// How many choices of those that a failure takes are told one by one.
const TAKES_MAX: usize = 6;

/// What a failure takes that is not there with cooperative switching.
const AT_ANY_AWAIT: &str = "it likely takes a switch at an await that need not wait";

/// What may take part in a run that no tape controls.
const SUSPECTS: &str = "Something outside of the tape takes part: the order of a HashMap, a wall \
    clock, a thread's generator of random numbers, a static, state that the program keeps between \
    runs";

/// The whole report, without a line break at the end.
pub(super) fn render(failure: &Failure) -> String {
    let explanation = failure.explanation.as_ref();
    let minimal = explanation.and_then(|known| known.minimal.as_ref());
    let finding = minimal.map_or(&failure.finding, |minimal| &minimal.shrunk.finding);
    let original = explanation.and_then(|known| known.trace.as_ref());
    let trace = minimal.map(|minimal| &minimal.trace).or(original);
    let file = trace.and_then(|trace| trace.lanes().main_file());
    let mut page =
        Page { text: String::new(), file: file.clone(), is_named: false, lanes_at: None };
    page.headline(&failure.hunt, finding);
    page.finding(finding);
    if let Some(minimal) = minimal {
        page.decided(minimal);
        page.calls(minimal);
    }
    // By then the lanes have named the file.
    let mut end = Page { text: String::new(), file, is_named: true, lanes_at: None };
    if let Some(minimal) = minimal {
        end.why(minimal);
    }
    let takes = end.text.clone();
    if let Some(minimal) = minimal {
        end.check(minimal);
    }
    end.found(failure);
    if let Some(minimal) = minimal {
        end.note(minimal);
    }
    end.again(failure);
    if let Some(trace) = trace {
        let other = page.text.lines().count() + end.text.lines().count();
        let lines = LINES_MAX.saturating_sub(other).clamp(LANES_MIN, LANES_MAX);
        page.lanes(trace, finding, minimal, lines);
        // And what stands between functions.
        let other = page.text.lines().count() + end.text.lines().count() + 5;
        let lines = LINES_WITH_SOURCE_MAX.saturating_sub(other).clamp(SOURCE_MIN, SOURCE_MAX);
        page.source(&takes, lines);
    }
    page.blank();
    page.text.push_str(end.text.trim_end());
    page.text
}

/// Where a failure comes from, in words.
fn origin(failure: &Failure) -> String {
    let Failure { origin, id, runs_max, after, strategy, .. } = failure;
    match origin {
        Origin::Hunt => {
            let after = match after.as_millis() {
                // Too quick to be worth a word, and to print the same twice.
                ..100 => String::new(),
                _ => format!(" ({:.1} s)", after.as_secs_f64()),
            };
            format!("run {} of {runs_max}{after}, strategy {strategy}", id.number)
        }
        Origin::Steered => format!("in a run beyond the {runs_max} of the hunt, {strategy}"),
        Origin::Given => String::from("in the run that was named"),
        Origin::Kept { from, alignment } => {
            let found = match strategy.as_str() {
                REPLAY => String::new(),
                strategy => format!(", found in run {id} by {strategy}"),
            };
            match alignment {
                Alignment::Exact => format!("kept in {from}{found}"),
                Alignment::Edited { matched, of } => format!(
                    "kept in {from}{found}; the program was edited, and {matched} of {of} choices \
                     were found again"
                ),
            }
        }
    }
}

/// A report in the making.
struct Page {
    text: String,
    /// The file with most of the places: it is named in full once.
    file: Option<String>,
    is_named: bool,
    /// Where the lanes begin.
    lanes_at: Option<usize>,
}

impl Page {
    fn blank(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// What failed, and how. A message of several lines goes on below.
    fn headline(&mut self, hunt: &str, finding: &Finding) {
        let headline = finding.headline();
        let mut lines = headline.lines();
        let first = lines.next().unwrap_or_default();
        // What else there is to say stands on lines of its own.
        let (first, rest) = match first.split_once("; ") {
            Some((first, rest)) if finding.kind == Kind::Deadlock => (first, Some(rest)),
            _ => (first, None),
        };
        self.wrapped(&format!("FAILED {hunt}     "), "  ", first);
        rest.into_iter().for_each(|rest| self.wrapped("  ", "    ", rest));
        lines.for_each(|line| self.wrapped("  ", "    ", line));
    }

    /// What the finding says below its headline, but for what it says of why.
    fn finding(&mut self, finding: &Finding) {
        if finding.subject.is_some() {
            finding.message.lines().for_each(|line| self.wrapped("  ", "    ", line));
        }
        let story = finding.story.iter().filter(|line| !line.starts_with(WHY));
        // The rows of a table are short if they need not name the file.
        let is_row =
            |line: &String| finding.kind == Kind::Deadlock && line.trim_start().contains("  ");
        if let (true, Some(file)) = (story.clone().any(is_row), &self.file) {
            let _ = writeln!(self.text, "  {PLACES} {file}");
            self.is_named = true;
        }
        for line in story {
            // What is indented by itself goes on further in.
            let indent = line.len() - line.trim_start().len();
            self.wrapped("  ", &" ".repeat(indent + 4), line);
        }
        if finding.story.is_empty() && finding.subject.is_none() {
            let mut line = String::from("  ");
            if let Some(task) = &finding.task {
                let _ = write!(line, "in {task}, ");
            }
            if let Some(place) = &finding.place {
                let _ = write!(line, "at {place}, ");
            }
            self.wrapped("", "    ", &format!("{line}t={}", finding.at));
            for blocked in &finding.blocked {
                self.wrapped("  ", "    ", &blocked.to_string());
            }
        }
        if let (Kind::Error, None, Some(file)) = (finding.kind, &finding.place, self.file.clone())
            && let Some(line) = Source::of(&file).and_then(|it| it.line_that_says(&finding.message))
        {
            self.wrapped("  ", "    ", &format!("{WORDS} {file}:{line}"));
        }
        for evidence in &finding.evidence {
            self.wrapped("  also ", "    ", evidence);
        }
        if let Some(hint) = finding.hint() {
            self.wrapped("  hint: ", "    ", hint);
        }
    }

    /// What decided, where the finding only says what came of it.
    fn decided(&mut self, minimal: &Minimal) {
        let is_outcome = matches!(minimal.shrunk.finding.kind, Kind::Error | Kind::Panic);
        let choices = &minimal.shrunk.tape.choices;
        let is_unusual = |&number: &usize| choices.get(number).is_some_and(|it| !it.is_plain());
        let number = minimal.decisions.marked().filter(is_unusual).filter(|_| is_outcome);
        let told = number.and_then(|number| tell_choice(&minimal.trace, number));
        if let Some(told) = told {
            self.wrapped("  ", "    ", &format!("decisive: {told}"));
        }
    }

    /// From where tasks came to the places where they wait and hold, where that is not plain.
    fn calls(&mut self, minimal: &Minimal) {
        for line in tell_calls(&minimal.trace, &minimal.shrunk.finding, &minimal.callers) {
            self.wrapped("  ", "    ", &line);
        }
    }

    /// What happens in the run, a column a task.
    fn lanes(&mut self, trace: &Trace, finding: &Finding, minimal: Option<&Minimal>, lines: usize) {
        self.blank();
        self.lanes_at = Some(self.text.len());
        let mut lanes = lanes_of(trace, finding, minimal.map(|minimal| &minimal.decisions));
        if let Some(minimal) = minimal {
            lanes = lanes.calling(&minimal.callers);
        }
        if let (true, Some(file)) = (self.is_named, &self.file)
            && self.text.contains(PLACES)
        {
            lanes = lanes.known_file(file);
        }
        let lanes = lanes.width(WIDTH - INDENT);
        let mut most = lines;
        let mut shown = lanes.clone().lines_max(most).to_string();
        // Lines that are continued below take more room than they were given.
        while shown.lines().count() > lines + AROUND && most > LANES_MIN {
            most =
                most.saturating_sub((shown.lines().count() - lines) / 2).clamp(LANES_MIN, most - 1);
            shown = lanes.clone().lines_max(most).to_string();
        }
        let lanes = shown;
        let is_news = |line: &str| {
            let is_told = line.contains(" panics: ") || line.ends_with(" ends, panicked");
            !is_told && !line.starts_with(PLACES)
        };
        if lanes.lines().filter(|line| is_news(line)).count() < 2 {
            // Nothing happened that the headline has not said.
            return;
        }
        for line in lanes.lines() {
            let _ = writeln!(self.text, "{}", format!("{:INDENT$}{line}", "").trim_end());
        }
    }

    /// The lines of the program that matter: those around a switch and those that the choices are
    /// told with, then those that the finding names, then those of the end.
    fn source(&mut self, takes: &str, lines: usize) {
        let Some(file) = self.file.clone() else { return };
        let (says, run) = self.text.split_at(self.lanes_at.unwrap_or(self.text.len()));
        let says = says.to_owned();
        let rows: Vec<&str> = run.lines().collect();
        let is_rule = |row: &&str| row.contains("========");
        let beside = rows.iter().enumerate().filter(|(_, row)| is_rule(row)).flat_map(|(at, _)| {
            let before = rows[..at].iter().rev().find(|row| !is_rule(row));
            before.into_iter().chain(rows.get(at)).copied()
        });
        let decided = std::iter::once(takes).chain(beside);
        // What the program checks is mostly right.
        let (checks, tells): (Vec<&str>, Vec<&str>) = says.lines().partition(|line| {
            line.trim_start().starts_with(WORDS) || line.trim_start().starts_with("in ")
        });
        // Whoever is spawned and joined somewhere does what matters elsewhere.
        let is_minor = |text: &&str| text.contains("spawns ") || text.contains(" join task ");
        let (spawns, does): (Vec<&str>, Vec<&str>) =
            tells.into_iter().chain(rows.iter().rev().copied()).partition(is_minor);
        let mut first: Vec<u32> = Vec::new();
        let all = decided.chain(does).flat_map(|text| named(text, &file));
        all.for_each(|line| {
            if !first.contains(&line) {
                first.push(line)
            }
        });
        let minor = checks.into_iter().chain(spawns).flat_map(|text| named(text, &file));
        let minor: Vec<u32> = minor.filter(|line| !first.contains(line)).collect();
        // Where there is nothing else, what the program checks is all there is.
        let (first, minor) = if first.is_empty() { (minor, first) } else { (first, minor) };
        self.excerpt(&file, [&first, &minor], lines);
        for other in files_in(&says) {
            if other != file {
                self.excerpt(&other, [&named_in_full(&says, &other), &[]], ELSEWHERE_MAX);
            }
        }
    }

    /// Lines of a file, with what is around them.
    fn excerpt(&mut self, file: &str, [named, minor]: [&[u32]; 2], lines: usize) {
        let Some(source) = Source::of(file) else { return };
        let rows = source.excerpt(named, minor, lines);
        if rows.is_empty() {
            return;
        }
        self.blank();
        if self.file.as_deref() != Some(file) {
            let _ = writeln!(self.text, "{:INDENT$}{file}", "");
        }
        for row in rows {
            match row {
                Row::Line(number, line) => {
                    let (indent, line) = line.split_at(line.len() - line.trim_start().len());
                    let label = format!("{:INDENT$}{:<6}{indent}", "", format!(":{number}"));
                    let then = " ".repeat(label.len() + 8);
                    self.folded(SOURCE_WIDTH, [&label, &then], line.trim_end());
                }
                Row::Gap(lines) => _ = writeln!(self.text, "{:INDENT$}...   {lines} lines", ""),
                Row::Elsewhere => _ = writeln!(self.text, "{:INDENT$}...", ""),
            }
        }
    }

    /// What the finding says of it, and which deviations it takes.
    fn why(&mut self, minimal: &Minimal) {
        let said = minimal.shrunk.finding.story.iter().filter_map(|line| line.strip_prefix(WHY));
        for line in said {
            self.labelled("why", line.trim_start());
        }
        let choices = minimal.shrunk.tape.choices.iter().enumerate();
        let deviating = choices.filter(|(_, choice)| !choice.is_plain());
        let told: Vec<String> = deviating
            .map(|(number, _)| {
                let at = minimal.trace.events.iter().find_map(|event| match event.kind {
                    EventKind::Choice { number: it, .. } if it == number => Some(event.at),
                    _ => None,
                });
                let is_alone = minimal.shrunk.tape.deviations() == 1;
                let at = at.filter(|_| !is_alone);
                let when = at.map_or_else(String::new, |at| format!(", t={at}"));
                let what = tell_choice(&minimal.trace, number);
                format!("{}{when}", what.unwrap_or_else(|| format!("choice {number}")))
            })
            .collect();
        match told.as_slice() {
            [] => self.labelled("takes", "nothing: the plain run fails"),
            [only] => self.labelled("takes", only),
            told => {
                let most = TAKES_MAX;
                for (number, line) in told.iter().take(most).enumerate() {
                    let label = if number == 0 { "takes" } else { "" };
                    self.labelled(label, &format!("{}. {line}", number + 1));
                }
                if told.len() > most {
                    let more = told.len() - most;
                    self.labelled("", &format!("({more} more choices that are not plain)"));
                }
            }
        }
    }

    /// What becomes of the run without that, and in plainer models.
    fn check(&mut self, minimal: &Minimal) {
        let flips = &minimal.decisions.flips;
        let mut checks: Vec<String> = Vec::new();
        for flip in flips {
            let without = match flips.as_slice() {
                [_] => String::from("without it,"),
                _ => {
                    let before = minimal.shrunk.tape.choices.iter().take(flip.number);
                    let place = before.filter(|choice| !choice.is_plain()).count() + 1;
                    format!("without {place},")
                }
            };
            checks.push(match &flip.without {
                Without::Passes => format!("{without} it passes"),
                Without::FailsOtherwise(headline) => {
                    let first = headline.lines().next().unwrap_or_default();
                    format!("{without} it fails in another way ({first})")
                }
                Without::FailsAlike => format!("{without} it fails as well"),
            });
        }
        for plainer in &minimal.plainer {
            let (model, runs) = (plainer.model, plainer.runs);
            checks.push(match plainer.fails {
                None if model == Model::Cooperative => {
                    format!("{model} it passes ({runs} runs): {AT_ANY_AWAIT}")
                }
                None => format!("{model} it passes ({runs} runs)"),
                Some(_) => format!("{model} it fails as well"),
            });
        }
        if let Some(decisive) = minimal.decisions.decisive {
            checks.push(format!(
                "of random continuations, {} fail from before what is decisive, {} from after it",
                decisive.before, decisive.after
            ));
        }
        if let Some(limit) = minimal.decisions.cut_short {
            checks.push(format!(
                "which choice decided was not found out: it was cut short by its budget of {}",
                budget_of(limit)
            ));
        }
        if !checks.is_empty() {
            self.labelled("check", &checks.join("; "));
        }
    }

    /// Where the engine asks more of the program than others may.
    fn note(&mut self, minimal: &Minimal) {
        let dropped = tell_dropped(&minimal.trace);
        let is_needed = minimal.plainer.iter().all(|plainer| plainer.fails.is_none());
        if let Some(first) = dropped.first()
            && is_needed
        {
            let more = match dropped.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            self.labelled(
                "note",
                &format!(
                    "{first} was dropped while it gave way{more}, as code that polls once meets \
                     it on runtimes with a budget; `sim::without_switching` rules that out"
                ),
            );
        }
    }

    fn found(&mut self, failure: &Failure) {
        let mut line = origin(failure);
        match failure.replayed() {
            None => {}
            Some(Replayed::Identically) => line.push_str("; replayed identically"),
            Some(Replayed::Otherwise { alike, of, instead, on_the_same_thread }) => {
                let _ = write!(line, "; reproduced in {alike} of {of} replays: {instead}. ");
                if *alike == 0 && *on_the_same_thread {
                    line.push_str(
                        "It is only there on the thread that found it: an earlier run left \
                         something behind. ",
                    );
                }
                line.push_str(SUSPECTS);
            }
        }
        let minimal = failure.explanation.as_ref().and_then(|known| known.minimal.as_ref());
        if let Some(minimal) = minimal {
            let (before, after) = (&failure.tape, &minimal.shrunk.tape);
            if before.deviations() > 0 {
                let unusual = |tape: &Tape| match tape.deviations() {
                    1 => String::from("1 unusual choice"),
                    count => format!("{count} unusual choices"),
                };
                let _ = match (before.len(), after.len()) {
                    (choices, left)
                        if choices == left && before.deviations() == after.deviations() =>
                    {
                        write!(line, "; {} of {choices}", unusual(before))
                    }
                    (choices, left) => write!(
                        line,
                        "; cut down from {} of {choices} to {} of {left}",
                        unusual(before),
                        after.deviations()
                    ),
                };
            }
            match minimal.shrunk.cut_short {
                None => {}
                Some(limit) => {
                    let _ = write!(line, " (cut short by its budget of {})", budget_of(limit));
                }
            }
        }
        self.labelled("found", &line);
    }

    /// How it is made again, and where it is kept.
    fn again(&mut self, failure: &Failure) {
        for (number, line) in failure.rerun.iter().enumerate() {
            self.whole(if number == 0 { "rerun" } else { "" }, line);
        }
        if let Some(kept) = &failure.kept {
            self.whole("keep", kept);
        }
        if let Some(report) = &failure.report {
            self.whole("page", report);
        }
    }

    /// A line that somebody copies.
    fn whole(&mut self, label: &str, text: &str) {
        let _ = writeln!(self.text, "  {label:<7}{text}");
    }

    fn labelled(&mut self, label: &str, text: &str) {
        self.wrapped(&format!("  {label:<7}"), &" ".repeat(9), text);
    }

    /// Places of the file with most of them are a line alone, but for the first.
    fn shortened(&mut self, text: &str) -> String {
        let Some(file) = &self.file else { return text.to_owned() };
        let mut short = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(file.as_str()) {
            let (before, behind) = (&rest[..at], &rest[at + file.len()..]);
            let is_whole = before.is_empty() || before.ends_with([' ', '(', '`']);
            let is_place = behind.strip_prefix(':').is_some_and(|it| it.starts_with(is_digit));
            short.push_str(before);
            if !is_whole || !is_place || !self.is_named {
                short.push_str(file);
                self.is_named |= is_whole && is_place;
            }
            rest = behind;
        }
        short + rest
    }

    /// Breaks a text where it is too wide, with places of the main file as lines.
    fn wrapped(&mut self, first: &str, then: &str, text: &str) {
        let text = self.shortened(text);
        self.folded(WIDTH, [first, then], &text);
    }

    /// Breaks a text where it is too wide, at spaces. What has no spaces stays whole.
    fn folded(&mut self, width: usize, [first, then]: [&str; 2], text: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in text.split(' ') {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
                let _ = writeln!(self.text, "{}", line.trim_end());
                line = then.to_owned();
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

/// What there was too little of.
const fn budget_of(limit: Limit) -> &'static str {
    match limit {
        Limit::Runs => "runs",
        Limit::Steps => "steps",
        Limit::Wall => "wall-clock time",
        Limit::Lost => "runs that end their process",
    }
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}
