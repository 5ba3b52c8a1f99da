//! From lines to text: columns, places, and what does not fit.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use self::page::{Column, Page, length};
use super::super::{Site, TaskRef, Trace};
use super::Lanes;
use super::lines::{Line, Source};
use super::rounds::{Round, Rounds};
use crate::callers::Callers;
use crate::finding::Place;
use crate::time::Instant;

/// Characters between two lanes.
const GAP: usize = 3;
/// Places stand side by side up to here: longer text goes on beyond its lane.
const TEXT_MAX: usize = 30;
/// The least that one lane begins behind another.
const STRIDE_MIN: usize = 6;
/// Lanes move together until a line of the last one has that much room, if it needs it.
const NEED_MAX: usize = 46;

pub(super) fn lay_out(
    lanes: &Lanes<'_>,
    tasks: &[TaskRef],
    lines: Vec<Line>,
    hidden: &BTreeMap<TaskRef, usize>,
    file: Option<&str>,
) -> String {
    let trace = lanes.trace;
    let sites = Sites::of(lanes, file);
    let rows = elide(lanes, lines);
    let first_at = rows.iter().find_map(Row::at).unwrap_or(Instant::START);
    let stamp = |at: Instant| format!("t={at}");
    let margin = rows.iter().filter_map(Row::at).chain([first_at]).map(|at| stamp(at).len());
    let margin = margin.max().unwrap_or(0) + 2;
    let titles: Vec<String> = tasks.iter().map(|&task| heading(trace, task)).collect();
    let places = sites.show_all(&rows);
    let columns = columns(lanes, tasks, &titles, &rows, &places, margin);
    let mut page = Page { text: String::new(), width: lanes.width, margin, columns };
    if let Some(file) = &sites.to_be_named {
        let _ = writeln!(page.text, "places are lines of {file}");
    }
    page.heading(&stamp(first_at), &titles);
    let mut now = first_at;
    for (row, site) in rows.iter().zip(&places) {
        match row {
            Row::Gap { lines, rules, round } => page.gap(*lines, *rules, *round),
            Row::Line(line) => {
                let time = if line.at == now { String::new() } else { stamp(line.at) };
                now = line.at;
                let Some(task) = line.task else {
                    page.rule(&line.text, site, line.note.as_deref().unwrap_or_default());
                    // The time is told by the line after it.
                    if !time.is_empty() {
                        now = Instant::NEVER;
                    }
                    continue;
                };
                let lane = tasks.iter().position(|&lane| lane == task).unwrap_or(0);
                let note = lanes.notes.get(&line.event).or(line.note.as_ref());
                let note = note.map_or_else(String::new, |note| format!("   <- {note}"));
                page.cell(&time, lane, &format!("{}{}", line.text, line.names), site, &note);
            }
        }
    }
    page.footer(&not_shown(trace, hidden));
    page.text
}

/// A task's lane is headed by its name and its path.
fn heading(trace: &Trace, task: TaskRef) -> String {
    let info = &trace.tasks[task.0 as usize];
    match &info.name {
        Some(name) => format!("{} {}", super::super::words::one_line(name), info.path),
        None => info.path.clone(),
    }
}

/// What is said of tasks without a lane.
fn not_shown(trace: &Trace, hidden: &BTreeMap<TaskRef, usize>) -> String {
    const NAMED_MAX: usize = 3;
    if hidden.is_empty() {
        return String::new();
    }
    let named = hidden.iter().take(NAMED_MAX).map(|(&task, &lines)| {
        let lines = if lines == 1 { "1 line".into() } else { format!("{lines} lines") };
        format!("{}, {lines}", trace.tasks[task.0 as usize].title())
    });
    let mut text = format!("not shown: {}", named.collect::<Vec<_>>().join("; "));
    if hidden.len() > NAMED_MAX {
        let more: usize = hidden.values().skip(NAMED_MAX).sum();
        let _ = write!(text, "; {} more tasks, {more} lines", hidden.len() - NAMED_MAX);
    }
    text
}

/// The file with most of the places of these lines.
pub(super) fn most_common(lines: &[Line]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        let site = line.site.filter(|site| site.is_known()).map(|site| site.0.file());
        if let Some(file) = site.or(line.place.as_ref().map(|place| place.file.as_str())) {
            *counts.entry(file).or_default() += 1;
        }
    }
    let file = counts.iter().max_by_key(|&(file, &count)| (count, std::cmp::Reverse(file)));
    file.map(|(&file, _)| file.to_owned())
}

/// How places are shown.
struct Sites<'a> {
    /// Whether there are any.
    shown: bool,
    /// The file whose places are a line alone.
    file: Option<&'a str>,
    /// The same, if nobody has named it before.
    to_be_named: Option<String>,
    callers: Option<&'a Callers>,
}

/// How many of the lines that called an operation are shown.
const CALLERS_MAX: usize = 2;

impl<'a> Sites<'a> {
    fn of(lanes: &'a Lanes<'_>, file: Option<&'a str>) -> Sites<'a> {
        let callers = lanes.callers;
        if !lanes.has_sites {
            return Sites { shown: false, file: None, to_be_named: None, callers };
        }
        if let Some(file) = &lanes.known_file {
            return Sites { shown: true, file: Some(file), to_be_named: None, callers };
        }
        Sites { shown: true, file, to_be_named: file.map(str::to_owned), callers }
    }

    /// The place of each row, and from where it was called where the row before it does not say
    /// the same.
    fn show_all(&self, rows: &[Row]) -> Vec<String> {
        let mut before = None;
        let show = |row: &Row| {
            let Row::Line(line) = row else {
                before = None;
                return String::new();
            };
            let above = self.callers.map_or(&[][..], |callers| callers.telling(line.event));
            let own = self.own(line);
            if own.is_empty() {
                return own;
            }
            let is_told = before.replace((line.task, above)) == Some((line.task, above));
            if is_told { own } else { own + &self.from(above) }
        };
        rows.iter().map(show).collect()
    }

    fn own(&self, line: &Line) -> String {
        if !self.shown {
            return String::new();
        }
        if let Some(Site(site)) = line.site.filter(|site| site.is_known()) {
            return self.short(site.file(), site.line());
        }
        if let Some(place) = &line.place {
            return self.short(&place.file, place.line);
        }
        let own = self.callers.and_then(|callers| callers.own(line.event));
        let own = own.filter(|_| line.is_action());
        own.map_or_else(String::new, |own| self.short(&own.file, own.line))
    }

    fn from(&self, above: &[Place]) -> String {
        let mut text = String::new();
        for place in above.iter().take(CALLERS_MAX) {
            let _ = write!(text, " from {}", self.short(&place.file, place.line));
        }
        if above.len() > CALLERS_MAX {
            text.push_str(" ..");
        }
        text
    }

    /// Of another file its name is enough.
    fn short(&self, file: &str, line: u32) -> String {
        if Some(file) == self.file {
            return format!(":{line}");
        }
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        format!("{name}:{line}")
    }
}

/// A row of the page.
enum Row {
    Line(Line),
    /// Lines that were left out, and how many rules among them.
    Gap {
        lines: usize,
        rules: usize,
        round: Option<Round>,
    },
}

impl Row {
    const fn at(&self) -> Option<Instant> {
        match self {
            Row::Line(line) => Some(line.at),
            Row::Gap { .. } => None,
        }
    }
}

/// How many rules that are not marked stay, with what they are about: a failure that was cut down
/// has few.
const RULES_MAX: usize = 6;

/// How many lines on either side of what is marked or noted stay with it, if there is room.
const AROUND: usize = 3;

/// The last line of each task at each place that the reader has been told of, the latest first.
fn named(lanes: &Lanes<'_>, lines: &[Line]) -> Vec<usize> {
    let mut last: BTreeMap<(Option<TaskRef>, Site), usize> = BTreeMap::new();
    if lanes.named.is_empty() {
        return Vec::new();
    }
    for (index, line) in lines.iter().enumerate() {
        if let Some(site) = line.site.filter(|site| site.is_known()) {
            last.insert((line.task, site), index);
        }
    }
    let mut named: Vec<usize> = last
        .into_iter()
        .filter(|((_, site), _)| lanes.named.contains(&site.place().to_string()))
        .map(|(_, index)| index)
        .collect();
    named.sort_unstable_by_key(|&index| std::cmp::Reverse(index));
    named
}

/// The last rules, the latest first, what gave way before each, and where that was executed after all.
fn deciding(lines: &[Line]) -> Vec<usize> {
    let mut places = Vec::new();
    let rules = lines.iter().enumerate().rev().filter(|(_, line)| line.is_rule());
    for (place, _) in rules.take(RULES_MAX) {
        places.push(place);
        let Some(before) = place.checked_sub(1) else { continue };
        let Source::Announced(operation) = lines[before].source else { continue };
        places.push(before);
        let is_it = |line: &Line| {
            line.task == lines[before].task
                && match &line.source {
                    Source::Executed { operation: it, .. } | Source::Blocked(it) => {
                        *it == operation
                    }
                    _ => false,
                }
        };
        places.extend((place..lines.len()).find(|&later| is_it(&lines[later])));
    }
    places
}

/// Leaves out lines in the middle if there are too many: what is marked or noted stays, mostly with
/// the lines around it, and the end matters more than the beginning.
fn elide(lanes: &Lanes<'_>, lines: Vec<Line>) -> Vec<Row> {
    let count = lines.len();
    if count <= lanes.lines_max {
        return lines.into_iter().map(Row::Line).collect();
    }
    let matters = |line: &Line| {
        let is_marked = line.source == Source::Rule { is_marked: true };
        is_marked || line.note.is_some() || lanes.notes.contains_key(&line.event)
    };
    let deciding = deciding(&lines);
    let mut stays: Vec<bool> = lines.iter().map(matters).collect();
    let named = named(lanes, &lines);
    let mut room = lanes.lines_max.saturating_sub(stays.iter().filter(|stays| **stays).count());
    let filling = (room / 4).min(FILLING_MAX);
    room -= filling;
    // Half of the room at the most: first what choices are about, then what is named, the latest
    // first.
    for place in deciding.into_iter().chain(named).take(room / 2) {
        room -= usize::from(!std::mem::replace(&mut stays[place], true));
    }
    // Half of the room at the most, so that the beginning and the end are never gone.
    let mut around = room / 2;
    let is_marked = |place: &usize| matters(&lines[*place]);
    let is_rule = |place: &usize| lines[*place].is_rule() && !is_marked(place);
    let marked: Vec<usize> = (0..count).filter(is_marked).collect();
    let rules: Vec<usize> = (0..count).rev().filter(is_rule).take(RULES_MAX).collect();
    for (places, distance) in
        [marked, rules].iter().flat_map(|it| (1..=AROUND).map(move |by| (it, by)))
    {
        for place in places {
            for near in [place.checked_sub(distance), place.checked_add(distance)] {
                if let Some(stay) = near.and_then(|near| stays.get_mut(near))
                    && around > 0
                    && !std::mem::replace(stay, true)
                {
                    around -= 1;
                    room -= 1;
                }
            }
        }
    }
    let head = room / 3;
    for stay in stays.iter_mut().take(head) {
        room -= usize::from(!std::mem::replace(stay, true));
    }
    for stay in stays.iter_mut().rev() {
        if room == 0 {
            break;
        }
        room -= usize::from(!std::mem::replace(stay, true));
    }
    let mut room = fill_gaps(&mut stays, filling);
    for stay in stays.iter_mut().rev() {
        if room == 0 {
            break;
        }
        room -= usize::from(!std::mem::replace(stay, true));
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut left_out = Rounds::default();
    for (line, stays) in lines.into_iter().zip(stays) {
        if stays {
            end_gap(&mut rows, &mut left_out);
            rows.push(Row::Line(line));
            continue;
        }
        let is_rule = line.is_rule();
        if !matches!(rows.last(), Some(Row::Gap { .. })) {
            rows.push(Row::Gap { lines: 0, rules: 0, round: None });
        }
        if let Some(Row::Gap { lines, rules, .. }) = rows.last_mut() {
            *lines += usize::from(!is_rule);
            *rules += usize::from(is_rule);
        }
        if !is_rule {
            left_out.add(&line);
        }
    }
    end_gap(&mut rows, &mut left_out);
    rows
}

/// How many lines there are room for that would leave a short gap.
const FILLING_MAX: usize = 6;

/// A gap of one line would take as much room as that; and of the others, the shortest are filled
/// while there is room. Says how much is left.
fn fill_gaps(stays: &mut [bool], mut room: usize) -> usize {
    let mut gaps: Vec<std::ops::Range<usize>> = Vec::new();
    for (place, &is_shown) in stays.iter().enumerate() {
        match gaps.last_mut() {
            _ if is_shown => {}
            Some(gap) if gap.end == place => gap.end += 1,
            _ => gaps.push(place..place + 1),
        }
    }
    gaps.sort_by_key(|gap| (gap.len(), gap.start));
    for gap in gaps {
        let extra = gap.len() - 1;
        if extra > room {
            break;
        }
        room -= extra;
        stays[gap].fill(true);
    }
    room
}

/// Says of the lines that were left out whether they went round.
fn end_gap(rows: &mut [Row], left_out: &mut Rounds) {
    if let Some(Row::Gap { round, .. }) = rows.last_mut() {
        *round = std::mem::take(left_out).find();
    }
}

/// The events of the lines that stay.
pub(super) fn shown(lanes: &Lanes<'_>, lines: Vec<Line>) -> BTreeSet<usize> {
    let rows = elide(lanes, lines);
    let event = |row: &Row| match row {
        Row::Line(line) => Some(line.event),
        Row::Gap { .. } => None,
    };
    rows.iter().filter_map(event).collect()
}

/// How wide each lane is: as wide as it needs, unless a later one would have too little room. Then
/// some text goes on beyond its lane.
fn columns(
    lanes: &Lanes<'_>,
    tasks: &[TaskRef],
    titles: &[String],
    rows: &[Row],
    places: &[String],
    margin: usize,
) -> Vec<Column> {
    let mut columns = vec![Column::default(); tasks.len()];
    let mut needs = vec![0; tasks.len()];
    let mut sites = vec![0; tasks.len()];
    for (row, place) in rows.iter().zip(places) {
        let Row::Line(line) = row else { continue };
        let lane = tasks.iter().position(|&lane| Some(lane) == line.task);
        let Some(lane) = lane else { continue };
        let text = length(&line.text) + length(&line.names.to_string());
        let site = if place.is_empty() { 0 } else { length(place) + 1 };
        needs[lane] = needs[lane].max(text + site);
        columns[lane].text = columns[lane].text.max(text.min(TEXT_MAX));
        sites[lane] = sites[lane].max(site);
    }
    for ((column, title), site) in columns.iter_mut().zip(titles).zip(sites) {
        column.stride = (column.text + site).max(length(title)) + GAP;
    }
    for (lane, need) in needs.into_iter().enumerate() {
        let need = need.max(length(&titles[lane])).min(NEED_MAX);
        let begins_at = |columns: &[Column]| {
            margin + columns[..lane].iter().map(|column| column.stride).sum::<usize>()
        };
        while begins_at(&columns) + need > lanes.width {
            let widest = columns[..lane].iter_mut().max_by_key(|column| column.stride);
            match widest {
                Some(widest) if widest.stride > STRIDE_MIN => widest.stride -= 1,
                _ => break,
            }
        }
    }
    columns
}
