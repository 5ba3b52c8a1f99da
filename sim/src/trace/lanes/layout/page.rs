//! The text as it grows: headings, cells, rules, gaps.

use std::fmt::Write;

use super::super::rounds::Round;

/// The least that a line's text gets.
pub(super) const TEXT_MIN: usize = 16;

/// Where a lane's parts are. Nothing else is in the row of a line, so that it may go on beyond its
/// lane.
#[derive(Clone, Copy, Default)]
pub(super) struct Column {
    /// How far its places are from its beginning, if they fit.
    pub(super) text: usize,
    /// How far the next lane is from its beginning.
    pub(super) stride: usize,
}

pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// The text as it grows.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) width: usize,
    /// Where the lanes begin.
    pub(super) margin: usize,
    pub(super) columns: Vec<Column>,
}

impl Page {
    pub(super) fn begins_at(&self, lane: usize) -> usize {
        self.margin + self.columns[..lane].iter().map(|column| column.stride).sum::<usize>()
    }

    /// Each lane's title, in a row of its own where it would run into the next one.
    pub(super) fn heading(&mut self, time: &str, titles: &[String]) {
        let mut row = String::from(time);
        for (lane, title) in titles.iter().enumerate() {
            let begins_at = self.begins_at(lane);
            if lane > 0 && length(&row) + 2 > begins_at {
                self.push(&row);
                row.clear();
            }
            pad(&mut row, begins_at);
            row.push_str(title);
        }
        self.push(&row);
    }

    pub(super) fn rule(&mut self, what: &str, site: &str, mark: &str) {
        let at = if site.is_empty() { String::new() } else { format!(" at {site}") };
        let row = format!("======== {what}{at} ========");
        if mark.is_empty() || length(&row) + 1 + length(mark) <= self.width {
            self.push(&format!("{row} {mark}"));
        } else {
            self.push(&row);
            self.push(&format!("         {mark}"));
        }
    }

    pub(super) fn gap(&mut self, lines: usize, rules: usize, round: Option<Round>) {
        let mut row = String::new();
        pad(&mut row, self.margin);
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let _ = match (lines, rules) {
            (_, 0) => write!(row, "... {}", count(lines, "more line")),
            (0, _) => write!(row, "... {}", count(rules, "more choice")),
            _ => write!(row, "... {}, {}", count(lines, "more line"), count(rules, "choice")),
        };
        if let Some(Round { lines: each, times }) = round {
            let is_all = each * (times + 1) > lines;
            let _ = match (each, is_all) {
                (1, true) => write!(row, " like that"),
                (1, false) => write!(row, ": then the same one over and over, {times} times"),
                (_, true) => write!(row, ": the same {each} over and over, {times} times"),
                (_, false) => write!(row, ": then the same {each} over and over, {times} times"),
            };
        }
        row.push_str(" ...");
        self.push(&row);
    }

    pub(super) fn cell(&mut self, time: &str, lane: usize, text: &str, site: &str, note: &str) {
        let begins_at = self.begins_at(lane);
        let room = self.width.saturating_sub(begins_at).max(TEXT_MIN);
        let mut whole = text.to_owned();
        if !site.is_empty() {
            // Places stand side by side where they can.
            let aligned = room.saturating_sub(length(site) + 1).min(self.columns[lane].text);
            pad(&mut whole, aligned);
            whole.push(' ');
            whole.push_str(site);
        }
        let parts = match length(&whole) <= room {
            true => vec![whole],
            false => {
                let mut parts = wrap(text, room);
                match parts.last_mut() {
                    Some(last) if length(last) + 1 + length(site) <= room => {
                        *last = format!("{last} {site}");
                    }
                    _ => parts.extend(wrap(&format!("{CONTINUED}{site}"), room)),
                }
                parts
            }
        };
        for (number, part) in parts.iter().enumerate() {
            let mut row = String::from(if number == 0 { time } else { "" });
            pad(&mut row, begins_at);
            row.push_str(part);
            if number + 1 < parts.len() || note.is_empty() {
                self.push(&row);
            } else if length(&row) + length(note) <= self.width {
                row.push_str(note);
                self.push(&row);
            } else {
                self.push(&row);
                self.note_below(begins_at, note);
            }
        }
    }

    /// A note that does not fit behind its line stands under it.
    fn note_below(&mut self, begins_at: usize, note: &str) {
        let note = note.trim_start();
        let begins_at = begins_at.min(self.width.saturating_sub(length(note) + 2));
        for part in wrap(note, self.width.saturating_sub(begins_at + 2).max(TEXT_MIN)) {
            let mut row = String::new();
            pad(&mut row, begins_at + 2);
            row.push_str(&part);
            self.push(&row);
        }
    }

    pub(super) fn footer(&mut self, text: &str) {
        if !text.is_empty() {
            let room = self.width.saturating_sub(self.margin).max(TEXT_MIN);
            for part in wrap(&format!("({text})"), room) {
                let mut row = String::new();
                pad(&mut row, self.margin);
                row.push_str(&part);
                self.push(&row);
            }
        }
    }

    pub(super) fn push(&mut self, row: &str) {
        self.text.push_str(row.trim_end());
        self.text.push('\n');
    }
}

fn pad(row: &mut String, width: usize) {
    let missing = width.saturating_sub(length(row));
    row.extend(std::iter::repeat_n(' ', missing));
}

/// What a continued line begins with.
const CONTINUED: &str = "  ";

/// Breaks a text at spaces, and in the middle of a word that is too long by itself. What is
/// continued is indented.
fn wrap(text: &str, width: usize) -> Vec<String> {
    if length(text) <= width {
        return vec![text.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let (mut part, mut is_fresh) = (String::new(), true);
    for word in text.split(' ') {
        let mut word: &str = word;
        loop {
            let lead = usize::from(!is_fresh);
            if length(&part) + lead + length(word) <= width {
                part.extend(std::iter::repeat_n(' ', lead));
                part.push_str(word);
                is_fresh = false;
                break;
            }
            if is_fresh {
                let fits = width.saturating_sub(length(&part)).max(1);
                let end = word.char_indices().nth(fits).map_or(word.len(), |(end, _)| end);
                part.push_str(&word[..end]);
                word = &word[end..];
            }
            parts.push(std::mem::replace(&mut part, String::from(CONTINUED)));
            is_fresh = true;
        }
    }
    parts.push(part);
    parts
}
