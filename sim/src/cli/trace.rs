//! `unpick trace`: everything that happened in a run, in one of several forms.

use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use super::chosen::Chosen;
use super::{Console, Usage, Verdict};
use crate::finding::Finding;
use crate::trace::{self, Page, Trace};

/// Prints everything that happened in a run; in the plain run unless another is named.
///
/// A finding in it is no failure of this command.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// The form.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format jsonl.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Writes it to this file rather than to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms of a trace: one line here, one in `render`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One line an event, stable to the byte.
    Text,
    /// A column for each task.
    Lanes,
    /// Events grouped by what happens before what: equal for runs that differ in nothing else.
    Normal,
    /// One JSON object a line.
    Jsonl,
    /// The Trace Event Format, which ui.perfetto.dev opens.
    Perfetto,
    /// What waits for what in a finding, for graphviz.
    Dot,
    /// A page for a browser.
    Html,
}

impl Format {
    fn render(self, title: &str, trace: &Trace, finding: Option<&Finding>) -> String {
        match self {
            Format::Text => trace.to_text(),
            Format::Lanes => match finding {
                Some(finding) => trace.lanes().involving(finding).to_string(),
                None => trace.lanes().to_string(),
            },
            Format::Normal => trace.normal_form().to_string(),
            Format::Jsonl => trace.to_jsonl(),
            Format::Perfetto => trace.to_chrome(),
            Format::Dot => finding.map_or_else(|| String::from("digraph {}\n"), trace::wait_graph),
            Format::Html => {
                let report = finding.map(ToString::to_string).unwrap_or_default();
                Page::new(title).trace("the run", trace).report(report).render()
            }
        }
    }
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let outcome = arguments.chosen.execute(console)?;
    let trace = outcome.trace.as_ref().ok_or("a traced run has no trace")?;
    let (scenario, variant) = arguments.chosen.program(console)?;
    let title = scenario.title(variant);
    let format = if arguments.json { Format::Jsonl } else { arguments.format };
    let text = format.render(&title, trace, outcome.result.as_ref().err());
    match &arguments.output {
        None => console.out.write_all(text.as_bytes())?,
        Some(file) => {
            fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(Verdict::Expected)
}
