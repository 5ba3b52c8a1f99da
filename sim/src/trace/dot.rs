//! The graph of who waits for whom, for graphviz.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::finding::{Blocked, Finding, Wait};

/// The wait-for graph of a finding as DOT: tasks as boxes, what they wait for as ellipses, and an
/// arrow from a task to what it waits for and from there to who holds it.
///
/// A task that waits for several things goes on when any of them happens; its arrows are dashed.
/// A finding in which nobody waits gives a graph without nodes.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, trace};
///
/// let outcome = Run::new().execute(std::future::pending::<()>);
/// let graph = trace::wait_graph(&outcome.result.unwrap_err());
/// assert!(graph.contains(r#""task main" -> "an unknown future""#), "{graph}");
/// ```
#[must_use]
pub fn wait_graph(finding: &Finding) -> String {
    let mut graph = Graph::default();
    for blocked in &finding.blocked {
        graph.task(blocked);
    }
    let mut text =
        String::from("digraph waits {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    let _ = writeln!(text, "  label={};", quote(&finding.headline()));
    for line in graph.nodes.iter().chain(&graph.edges) {
        let _ = writeln!(text, "  {line};");
    }
    text.push_str("}\n");
    text
}

/// Its lines, each once.
#[derive(Default)]
struct Graph {
    nodes: BTreeSet<String>,
    edges: BTreeSet<String>,
}

/// A DOT string. A line break stays one.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            char if char.is_control() => quoted.extend(char.escape_default().flat_map(|escaped| {
                if escaped == '\\' { vec!['\\', '\\'] } else { vec![escaped] }
            })),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn task_node(title: &str) -> String {
    quote(&format!("task {title}"))
}

impl Graph {
    fn task(&mut self, blocked: &Blocked) {
        let node = task_node(&blocked.task);
        let place = blocked.spawned.as_ref().map(|place| format!("\nspawned at {place}"));
        let label = quote(&format!("{}{}", blocked.task, place.unwrap_or_default()));
        self.nodes.insert(format!("{node} [shape=box, label={label}]"));
        if blocked.waits.is_empty() {
            self.edges.insert(format!("{node} -> \"an unknown future\""));
        }
        let style = if blocked.waits.len() > 1 { ", style=dashed" } else { "" };
        for wait in &blocked.waits {
            self.wait(&node, wait, style);
        }
    }

    fn wait(&mut self, node: &str, wait: &Wait, style: &str) {
        let label = quote(&format!("{} at {}\nsince t={}", wait.operation, wait.place, wait.since));
        let object = match &wait.object {
            // What is joined is called `task main.1`, as that task's own box.
            Some(object) => quote(object),
            None => quote(&format!("{} at {}", wait.operation, wait.place)),
        };
        self.edges.insert(format!("{node} -> {object} [label={label}{style}]"));
        for holder in &wait.holders {
            let title = holder.task.strip_suffix(" (ended)").unwrap_or(&holder.task);
            let ended = if title == holder.task { "" } else { ", which has ended" };
            let label = quote(&format!("held since t={}\n{}{ended}", holder.since, holder.place));
            let holder = task_node(title);
            self.edges.insert(format!("{object} -> {holder} [label={label}, color=red]"));
        }
    }
}
