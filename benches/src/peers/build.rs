//! Building the peers' programs, each in a package of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Contender, PeersError, Side};

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

/// The strategies that Unpick has alone in the table of findings.
const ALONE: [(&str, &str); 5] = [
    ("unpick, random", "random"),
    ("unpick, pct", "pct"),
    ("unpick, pos", "pos"),
    ("unpick, urw", "urw"),
    ("unpick, surw", "surw"),
];

/// Every contender, Unpick first. Builds what is not built yet.
pub(super) fn all() -> Result<Vec<Contender>, PeersError> {
    let unpick = env::current_exe().map_err(|error| PeersError(error.to_string()))?;
    let ours = |name, strategy, side| Contender { name, program: unpick.clone(), strategy, side };
    let mut contenders = vec![ours("unpick", None, Side::Unpick)];
    contenders.extend(ALONE.map(|(name, strategy)| ours(name, Some(strategy), Side::UnpickAlone)));
    for peer in &PEERS {
        let program = build(peer)?;
        contenders.extend(peer.strategies.iter().map(|&(name, strategy)| Contender {
            name,
            program: program.clone(),
            strategy,
            side: Side::Peer,
        }));
    }
    Ok(contenders)
}

/// Each peer with its version, as its lock file has it.
pub(super) fn versions() -> String {
    let version = |peer: &Peer| {
        let lock = fs::read_to_string(folder(peer).join("Cargo.lock")).unwrap_or_default();
        let package = format!("name = \"{}\"\nversion = \"", peer.package);
        let version = lock.split_once(&package).and_then(|(_, rest)| rest.split('"').next());
        format!("{} {}", peer.package, version.unwrap_or("of an unknown version"))
    };
    PEERS.iter().map(version).collect::<Vec<_>>().join(", ")
}

fn folder(peer: &Peer) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(peer.package)
}

fn build(peer: &Peer) -> Result<PathBuf, PeersError> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers").join(peer.package);
    eprintln!("building {}", peer.package);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(folder(peer).join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", peer.rustflags)
        .status()
        .map_err(|error| PeersError(format!("cargo could not be started: {error}")))?;
    if !status.success() {
        return Err(PeersError(format!("{} could not be built", peer.package)));
    }
    Ok(target.join("release").join(format!("peer-{}", peer.package)))
}
