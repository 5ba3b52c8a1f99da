//! Building the peers' programs, each in a package of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Contender, PeersError};

/// A peer's package, the compiler's flags that it needs, and its strategies.
struct Peer {
    package: &'static str,
    rustflags: &'static str,
    strategies: &'static [(&'static str, Option<&'static str>)],
}

const PEERS: [Peer; 5] = [
    Peer { package: "tokio", rustflags: "", strategies: &[("tokio, paused", None)] },
    Peer { package: "madsim", rustflags: "--cfg madsim", strategies: &[("madsim", None)] },
    Peer { package: "turmoil", rustflags: "", strategies: &[("turmoil", None)] },
    Peer {
        package: "shuttle",
        rustflags: "",
        strategies: &[
            ("shuttle, random", Some("random")),
            ("shuttle, PCT", Some("pct")),
            ("shuttle, URW", Some("urw")),
        ],
    },
    Peer { package: "loom", rustflags: "", strategies: &[("loom", None)] },
];

/// Every contender, Unpick first. Builds what is not built yet.
pub(super) fn all() -> Result<Vec<Contender>, PeersError> {
    let unpick = env::current_exe().map_err(|error| PeersError(error.to_string()))?;
    let mut contenders =
        vec![Contender { name: "unpick", program: unpick, strategy: None, is_unpick: true }];
    for peer in &PEERS {
        let program = build(peer)?;
        contenders.extend(peer.strategies.iter().map(|&(name, strategy)| Contender {
            name,
            program: program.clone(),
            strategy,
            is_unpick: false,
        }));
    }
    Ok(contenders)
}

fn build(peer: &Peer) -> Result<PathBuf, PeersError> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = benches.join("peers").join(peer.package).join("Cargo.toml");
    let target = benches.join("../target/peers").join(peer.package);
    eprintln!("building {}", peer.package);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", peer.rustflags)
        .status()
        .map_err(|error| PeersError(format!("cargo could not be started: {error}")))?;
    if !status.success() {
        return Err(PeersError(format!("{} could not be built", peer.package)));
    }
    Ok(target.join("release").join(format!("peer-{}", peer.package)))
}
