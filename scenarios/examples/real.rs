//! Hunts real crates at a version with a published bug, and at the version that fixed it.
//!
//! `cargo run --release -p unpick-scenarios --example real -- --help` says what else it can do.

fn main() -> std::process::ExitCode {
    unpick_scenarios::real::main(std::env::args().skip(1))
}
