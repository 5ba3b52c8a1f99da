//! The page: that it is one valid file whatever is in it, and that a browser can step through it.

use std::process::Command;

use serde_json::Value;
use unpick::Run;
use unpick::sim::event;
use unpick::sim::strategy::Lockstep;
use unpick::sim::trace::Page;

use crate::programs::{self, traced};

/// The data that a page's script reads.
fn data(page: &str) -> Value {
    let begins = "<script type=\"application/json\" id=\"data\">";
    let (_, rest) = page.split_once(begins).expect("the data begins");
    let (data, _) = rest.split_once("</script>").expect("the data ends");
    serde_json::from_str(data).expect("JSON")
}

const EVIL: &str = "</script><script>alert(1)</script><!-- @data@ @js@ \u{2028} \"' &amp;";

#[test]
fn text_of_the_program_stays_text() {
    let trace = traced(Run::new().plain(), || async { event!("{EVIL}") });
    let page = Page::new(EVIL).trace(EVIL, &trace).report(EVIL).render();
    assert_eq!(page.matches("<script").count(), 2, "the data's and the page's own");
    assert_eq!(page.matches("</script>").count(), 2);
    let data = data(&page);
    assert_eq!(data["report"], EVIL);
    assert_eq!(data["traces"][0]["title"], EVIL);
    let events = data["traces"][0]["events"].as_array().expect("a list");
    assert!(events.iter().any(|event| event[3] == format!("say {EVIL}")), "{events:?}");
}

#[test]
fn a_page_needs_nothing_but_itself() {
    let trace = traced(Run::new().plain(), programs::pipeline);
    let page = Page::new("pipeline").trace("a run", &trace).render();
    for reference in ["http://", "https://", "src=", "href=", "url(", "@import", "fetch("] {
        assert!(!page.contains(reference), "the page has `{reference}`");
    }
    let empty = Page::new("nothing").render();
    assert_eq!(data(&empty)["traces"], Value::Array(Vec::new()));
}

/// A browser, if there is one; it is told loudly if there is none.
fn browser() -> Option<Command> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!("SKIPPED: no chromium here ({}): the page was not opened", names.join(", "));
    }
    found.map(Command::new)
}

/// What a browser makes of a page after a script of the test: its document.
fn opened(mut browser: Command, page: &str, script: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let profile = folder.join("profile");
    std::fs::create_dir_all(&profile).expect("a folder in the target directory");
    let file = folder.join("page.html");
    let script = format!("<script>{script}</script></body>");
    std::fs::write(&file, page.replace("</body>", &script)).expect("a file there");
    let output = browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1280,720", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser runs");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    String::from_utf8(output.stdout).expect("a document is text")
}

/// Steps through the page as a reader would, and writes down what it then shows.
const READER: &str = r#"
    const seen = [];
    const note = (what) => seen.push(`${what}: ${document.body.dataset.step}`);
    const press = (key, shiftKey) =>
        document.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
    note("opened");
    press("Home"); note("home");
    press("ArrowRight"); press("ArrowRight"); press("ArrowLeft"); note("two on, one back");
    press("d"); note("difference");
    press("End"); note("end");
    press("n"); note("no choice after the end");
    press("Home"); press("n"); note("first choice");
    const pane = panes[0];
    const box = pane.canvas.getBoundingClientRect();
    const wait = pane.spans.findLast((span) => span.kind === "wait" && span.holders.length);
    const middle = (wait.from + wait.to) / 2;
    pane.canvas.dispatchEvent(new MouseEvent("click", {
        clientX: box.left + pane.x(middle), clientY: box.top + pane.y(wait.task) + ROW / 2,
        bubbles: true,
    }));
    seen.push(`wait: ${pane.say.querySelector(".waits").textContent}`);
    press("t"); seen.push(`theme: ${document.documentElement.dataset.theme}`);
    press("?"); seen.push(`keys: ${document.getElementById("keys").open}`);
    seen.push(`lines: ${pane.items.children.length > 5}`);
    go(pane, pane.trace.events.findIndex((event) => event[2] === "blocked"));
    seen.push(`source: ${pane.items.querySelector("[aria-current] .where").textContent}`);
    const fits = (element) => element.scrollWidth <= element.clientWidth;
    seen.push(`fits the window: ${fits(document.documentElement) && panes.every((pane) => fits(pane.list))}`);
    const result = document.createElement("pre");
    result.id = "seen";
    result.textContent = seen.join("\n");
    document.body.append(result);
"#;

#[test]
fn a_reader_steps_through_the_page_by_keys_and_clicks_in_a_real_browser() {
    let Some(browser) = browser() else { return };
    let failing = traced(Run::new().strategy(Lockstep), programs::ring);
    let passing = traced(Run::new().plain(), programs::ring);
    let page = Page::new("ring").trace("failing", &failing).trace("passing", &passing);
    let document = opened(browser, &page.report("a deadlock").render(), READER);
    let (_, seen) = document.split_once("<pre id=\"seen\">").expect("the page works");
    let (seen, _) = seen.split_once("</pre>").expect("it is closed");
    insta::assert_snapshot!("page_stepped", seen);
}
