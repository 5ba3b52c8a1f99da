//! What renderings share: how things are called, and text kept to its line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Trace;

/// A text of the program's, kept to one line: control characters are escaped.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if char.is_control() {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// What each task is called where space is short: its name, if no other has it, or its path.
pub(super) fn short_titles(trace: &Trace) -> Vec<String> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &trace.tasks {
        *uses.entry(task.name.as_deref().unwrap_or(&task.path)).or_default() += 1;
    }
    let title = |task: &super::TaskInfo| match &task.name {
        Some(name) if uses[name.as_str()] == 1 => one_line(name).into_owned(),
        _ => task.path.clone(),
    };
    trace.tasks.iter().map(title).collect()
}
