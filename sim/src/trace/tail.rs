//! The last few things that some tasks did.

use std::collections::BTreeMap;

use super::lanes::lines;
use super::words::short_titles;
use super::{TaskRef, Trace};

pub(super) fn render(trace: &Trace, tasks: &[TaskRef], lines_max: usize) -> String {
    let lines = lines::lines(trace, &BTreeMap::new());
    let is_shown = |line: &&lines::Line| line.task.is_some_and(|task| tasks.contains(&task));
    let mut left: BTreeMap<TaskRef, usize> = BTreeMap::new();
    for line in lines.iter().filter(is_shown) {
        *left.entry(line.task.unwrap_or(TaskRef(0))).or_default() += 1;
    }
    let mut earlier: Vec<String> = Vec::new();
    let titles = short_titles(trace);
    for (&TaskRef(task), count) in &left {
        if let Some(more) = count.checked_sub(lines_max).filter(|more| *more > 0) {
            earlier.push(format!("{more} of {}", titles[task as usize]));
        }
    }
    let mut rows: Vec<[String; 4]> = Vec::new();
    for line in lines.iter().filter(is_shown) {
        let task = line.task.unwrap_or(TaskRef(0));
        let count = left.entry(task).or_default();
        *count -= 1;
        if *count < lines_max {
            let site = line.site.map_or_else(String::new, |site| site.place().to_string());
            let what = format!("{}{}", line.text, line.names);
            rows.push([format!("t={}", line.at), titles[task.0 as usize].clone(), what, site]);
        }
    }
    let mut text = String::new();
    if !earlier.is_empty() {
        text.push_str(&format!("(earlier: {})\n", earlier.join(", ")));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    for [time, task, what, site] in &rows {
        let [wide_time, wide_task, wide_what] = widths;
        let line = format!("{time:wide_time$}  {task:wide_task$}  {what:wide_what$}  {site}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
