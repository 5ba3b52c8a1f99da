//! The programs over crates in which nothing is to be found: one entry each, and a folder of the
//! same name in `scenarios/real`.

use super::Release;

/// A program over published crates.
#[derive(Debug)]
pub struct Program {
    /// Its folder in `scenarios/real`, and its name on the command line.
    pub name: &'static str,
    /// The crates that it is about which have tokio's own, driven by the run's clock, or none.
    pub driven: &'static [Release],
    /// The crates that it is about which are built against `unpick-tokio`.
    pub moved: &'static [Release],
    /// What it does with them, in a few words.
    pub what: &'static str,
    /// Over how many runs it is to be clean.
    pub runs: u64,
    /// Why the same seed does not make the same trace, if so. That is then to be found.
    pub differs: Option<&'static str>,
}

const fn version(krate: &'static str, version: &'static str) -> Release {
    Release { krate, version }
}

/// Every program.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "bb8",
        driven: &[],
        moved: &[version("bb8", "0.9.1")],
        what: "requests that time out and hang up, over two connections that break",
        runs: 500,
        differs: None,
    },
    Program {
        name: "deadpool",
        driven: &[],
        moved: &[version("deadpool", "0.13.1")],
        what: "requests that give up and hang up, over a pool that is resized and closed",
        runs: 500,
        differs: None,
    },
    Program {
        name: "tokio-util",
        driven: &[],
        moved: &[version("tokio-util", "0.7.20")],
        what: "a server of lines (`Framed`) whose sessions (`TaskTracker`) end when they are idle \
               (`DelayQueue`) or it goes down (`CancellationToken`)",
        runs: 500,
        differs: None,
    },
    Program {
        name: "tower",
        driven: &[],
        moved: &[version("tower", "0.5.3"), version("tokio-util", "0.7.20")],
        what: "requests through buffer, rate and concurrency limits, retries and timeouts",
        runs: 500,
        differs: None,
    },
    Program {
        name: "leaky-bucket",
        driven: &[],
        moved: &[version("leaky-bucket", "1.1.2")],
        what: "tasks that share a rate limit, some of which give up",
        runs: 500,
        differs: None,
    },
    Program {
        name: "moka",
        driven: &[version("moka", "0.12.16")],
        moved: &[],
        what: "requests that load the same pages, some in vain, and some of which hang up",
        runs: 500,
        differs: None,
    },
    Program {
        name: "hyper",
        driven: &[version("hyper", "1.12.0"), version("hyper-util", "0.1.21")],
        moved: &[],
        what: "HTTP/1.1 and HTTP/2 over `duplex`: concurrent requests, bodies dropped half-way, \
               answers that come too late",
        runs: 300,
        differs: None,
    },
    Program {
        name: "ractor",
        driven: &[],
        moved: &[version("ractor", "0.16.5")],
        what: "an actor that fails and is started again by its supervisor, while others call it",
        runs: 500,
        differs: None,
    },
    Program {
        name: "ractor-driven",
        driven: &[version("ractor", "0.16.5")],
        moved: &[],
        what: "the same",
        runs: 500,
        differs: None,
    },
    Program {
        name: "async-singleflight-driven",
        driven: &[version("async_singleflight", "0.6.2")],
        moved: &[],
        what: "requests for a page that is loaded once, one of which hangs up",
        runs: 500,
        differs: Some("tokio's own `watch` draws from the system who is woken first"),
    },
];
