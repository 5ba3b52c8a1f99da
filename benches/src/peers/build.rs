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
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = unpick.parent().unwrap_or(own);
    let searcher = Some(folder.join(format!("peer-unpick{}", env::consts::EXE_SUFFIX)));
    build(&["--bin", "peer-unpick"], &own.join("Cargo.toml"), None, "")?;
    let ours = |name, strategy, side| {
        let (program, searcher) = (unpick.clone(), searcher.clone());
        Contender { name, program, searcher, strategy, side }
    };
    let mut contenders = vec![ours("unpick", None, Side::Unpick)];
    contenders.extend(ALONE.map(|(name, strategy)| ours(name, Some(strategy), Side::UnpickAlone)));
    for peer in &PEERS {
        let program = build_peer(peer)?;
        contenders.extend(peer.strategies.iter().map(|&(name, strategy)| Contender {
            name,
            program: program.clone(),
            searcher: None,
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

fn build_peer(peer: &Peer) -> Result<PathBuf, PeersError> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers").join(peer.package);
    build(&[], &folder(peer).join("Cargo.toml"), Some(&target), peer.rustflags)?;
    Ok(target.join("release").join(format!("peer-{}", peer.package)))
}

/// Builds a package, into this target folder if it is to be another one than usual.
fn build(
    arguments: &[&str],
    manifest: &Path,
    target: Option<&Path>,
    rustflags: &str,
) -> Result<(), PeersError> {
    eprintln!("building {}", manifest.display());
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet"]).args(arguments);
    command.arg("--manifest-path").arg(manifest);
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target).env("RUSTFLAGS", rustflags);
    }
    let status = command.status();
    let status =
        status.map_err(|error| PeersError(format!("cargo could not be started: {error}")))?;
    if !status.success() {
        return Err(PeersError(format!("{} could not be built", manifest.display())));
    }
    Ok(())
}
