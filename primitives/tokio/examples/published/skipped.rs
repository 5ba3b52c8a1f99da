//! Which published tests are not run, and why.

use crate::Place;

/// Files that cannot be built against anything but tokio, or that have nothing to be run here.
const FILES: &[(&str, &str)] = &[
    ("macros_rename_test", "it is about a tokio of another name"),
    ("sync_emscripten_blocking", "it is for another target"),
    ("task_emscripten", "it is for another target"),
    ("task_hooks", "it needs `--cfg tokio_unstable`"),
    ("task_builder", "it needs `--cfg tokio_unstable`"),
    ("task_trace_self", "it needs `--cfg tokio_unstable`"),
    ("task_trace_wake", "it needs `--cfg tokio_unstable`"),
    ("time_alt", "it needs `--cfg tokio_unstable`"),
    ("time_wasm", "it is for another target"),
];

/// What a test's text says of it: the first that fits counts.
const INSIDE: &[(&str, &str)] = &[
    ("thread::", "it starts threads"),
    ("Runtime::new", "it makes a runtime and blocks on it"),
    ("runtime::Builder", "it makes a runtime and blocks on it"),
    ("Builder::new", "it makes a runtime and blocks on it"),
    ("block_on", "it blocks on a future"),
    ("blocking_", "it blocks the thread"),
    ("rt()", "it makes a runtime and blocks on it"),
    ("rt_combinations", "it makes a runtime and blocks on it"),
    ("TcpListener", "it needs sockets"),
    ("UdpSocket", "it needs sockets"),
    ("UnixDatagram", "it needs sockets"),
    ("std::time::Instant::now", "it measures wall-clock time"),
    ("test_panic", "it looks at where outside of a run something panics"),
];

/// Why a file is not run at all, if it is not.
pub(crate) fn file(file: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == file).map(|&(_, why)| why)
}

/// Why a test with this text is not run, if it is not.
pub(crate) fn test(place: Place, text: &str) -> Option<&'static str> {
    if place == Place::Outside {
        return None;
    }
    INSIDE.iter().find(|(word, _)| text.contains(word)).map(|&(_, why)| why)
}

/// Tests that stay as they are and are known not to hold, with what they need.
pub(crate) fn known(place: Place, test: &str) -> Option<&'static str> {
    let known: &[(&str, &str)] = match place {
        Place::Outside => OUTSIDE_KNOWN,
        Place::Inside => INSIDE_KNOWN,
    };
    known.iter().find(|(name, _)| *name == test).map(|&(_, why)| why)
}

const OUTSIDE_KNOWN: &[(&str, &str)] = &[];

const INSIDE_KNOWN: &[(&str, &str)] = &[];
