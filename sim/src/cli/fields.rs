//! What `--json` prints, from the page that documents it.

/// The page: a section a subcommand.
const PAGE: &str = include_str!("json.md");

/// The part of the page that is about a subcommand, as its help shows it; `None` if there is none.
pub(super) fn of(subcommand: &str) -> Option<String> {
    let mut sections = PAGE.split("\n## ");
    let section =
        sections.find_map(|section| section.strip_prefix(subcommand)?.strip_prefix('\n'))?;
    Some(as_help(section))
}

/// A section of Markdown for a terminal: without what makes a table of it.
pub(super) fn as_help(section: &str) -> String {
    let lines = section.trim().lines().filter(|line| !line.starts_with("|---"));
    let lines = lines.filter(|line| !line.starts_with("| field ")).map(line_as_help);
    let text = lines.collect::<Vec<_>>().join("\n");
    format!("What --json prints:\n{}", text.replace("\n\n", "\n"))
}

fn line_as_help(line: &str) -> String {
    let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    match cells.map(|cells| cells.splitn(3, " | ").collect::<Vec<_>>()).as_deref() {
        Some([field, of_type, meaning]) => {
            let meaning = meaning.replace('`', "");
            format!("  {:<20} {of_type:<8} {meaning}", field.trim_matches('`'))
        }
        _ => line.replace('`', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_a_subcommand_has_its_fields_and_no_others() {
        let help = of("bench").expect("it prints JSON");
        assert!(help.contains("\n  wall_s               number   how long"), "{help}");
        assert!(!help.contains('|') && !help.contains("first_failure_run"), "{help}");
        assert_eq!(of("completions"), None);
    }
}
