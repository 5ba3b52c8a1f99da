//! What the README shows is what the command prints. With `UPDATE_README` set, what is shown is
//! replaced instead.

use std::process::Command;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const BLOCK: &str = "```console\n$ cargo run --release -- ";

/// What the command prints for a line of arguments when `cargo run --release` starts it in the
/// repository's folder.
fn printed(line: &str) -> String {
    let arguments = line.split_whitespace().map(|word| word.trim_matches('\''));
    let mut command = Command::new(env!("CARGO_BIN_EXE_unpick"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).args(arguments);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "target/release/unpick");
    command.env("CARGO_PKG_NAME", env!("CARGO_PKG_NAME"));
    command.env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
    let run = command.output();
    String::from_utf8(run.expect("the command starts").stdout).expect("it prints text")
}

/// The text with what each console block shows below its command line replaced by what that
/// prints, and how many such blocks there are. Blocks that show nothing are left so.
fn renewed(readme: &str) -> (String, usize) {
    let mut blocks = readme.split(BLOCK);
    let mut text = blocks.next().unwrap_or_default().to_owned();
    let mut count = 0;
    for block in blocks {
        let (line, rest) = block.split_once('\n').expect("a command line ends");
        let (shown, rest) = rest.split_once("```").expect("a block ends");
        let shown = if shown.is_empty() {
            String::new()
        } else {
            count += 1;
            printed(line)
        };
        text.push_str(&format!("{BLOCK}{line}\n{shown}```{rest}"));
    }
    (text, count)
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(README).expect("there is a README");
    let (renewed, count) = renewed(&readme);
    assert!(count >= 2, "the README shows a hunt and a replay");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(README, renewed).expect("the README can be written");
        return;
    }
    let lines = renewed.lines().zip(readme.lines()).find(|(printed, shown)| printed != shown);
    assert!(
        renewed == readme,
        "UPDATE_README=1 renews it; printed and shown first differ: {lines:?}"
    );
}
