//! What the README shows is what the command prints.

use std::process::Command;

/// The console blocks of the README: a command line of `unpick`, and what stands below it.
fn shown() -> Vec<(Vec<String>, String)> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let commands = blocks.filter_map(|block| {
        let (command, output) = block.split_once('\n')?;
        let arguments = command.strip_prefix("$ cargo run --release -- ")?;
        let arguments = arguments.split_whitespace().map(|word| word.trim_matches('\'').to_owned());
        Some((arguments.collect(), output.to_owned()))
    });
    commands.filter(|(_, output): &(_, String)| !output.is_empty()).collect()
}

#[test]
fn the_readme_shows_what_is_printed() {
    let shown = shown();
    assert!(shown.len() >= 2, "the README shows a hunt and a replay: {shown:?}");
    for (arguments, output) in shown {
        let run = Command::new(env!("CARGO_BIN_EXE_unpick")).args(&arguments).output();
        let printed = run.expect("the command starts").stdout;
        let printed = String::from_utf8(printed).expect("it prints text");
        assert_eq!(printed, output, "unpick {}", arguments.join(" "));
    }
}
