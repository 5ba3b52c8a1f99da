//! Which lines stay: those of the lanes, without what the next line says as well.

use std::collections::BTreeMap;

use super::super::TaskRef;
use super::lines::{Line, Source};

/// The lines of these tasks, and how many lines each other task would have had.
pub(super) fn fold(
    lines: Vec<Line>,
    tasks: &[TaskRef],
    notes: &BTreeMap<usize, String>,
) -> (Vec<Line>, BTreeMap<TaskRef, usize>) {
    let mut hidden = BTreeMap::new();
    let mut kept: Vec<Line> = Vec::new();
    for line in lines {
        match line.task {
            Some(task) if !tasks.contains(&task) => *hidden.entry(task).or_default() += 1,
            Some(_) => keep(&mut kept, line, notes),
            None => kept.push(line),
        }
    }
    (without_idle_rules(kept), hidden)
}

/// An operation that gave way and was the next to be executed after all is said once.
fn keep(kept: &mut Vec<Line>, line: Line, notes: &BTreeMap<usize, String>) {
    if let Source::Executed { operation, .. } | Source::Blocked(operation) = &line.source
        && let Some(last) = kept.last()
        && last.source == Source::Announced(*operation)
        && last.task == line.task
        && !notes.contains_key(&last.event)
    {
        kept.pop();
    }
    kept.push(line);
}

/// A rule stays if it is marked, if another lane goes on after it, or if a task went on only to
/// have the clock move. Of several, one is enough.
fn without_idle_rules(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut rules: Vec<Line> = Vec::new();
    let mut lane = None;
    for line in lines {
        if line.is_rule() {
            rules.push(line);
            continue;
        }
        let has_gone_on = kept.last().is_some_and(|last| last.source == Source::Resumed);
        let is_switch = has_gone_on || lane.is_some() && lane != line.task;
        keep_rules(&mut kept, &mut rules, is_switch);
        lane = line.task;
        kept.push(line);
    }
    keep_rules(&mut kept, &mut rules, false);
    kept
}

fn keep_rules(kept: &mut Vec<Line>, rules: &mut Vec<Line>, is_switch: bool) {
    let is_marked = |rule: &Line| matches!(rule.source, Source::Rule { is_marked: true });
    if rules.iter().any(is_marked) {
        kept.extend(rules.drain(..).filter(is_marked));
    } else if is_switch {
        kept.extend(rules.drain(..).take(1));
    }
    rules.clear();
}
