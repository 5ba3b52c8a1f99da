//! Where Unpick differs from asyncio on purpose: which programs, and why.

/// Programs whose outcome differs, and the reason.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// The programs' names.
    pub programs: &'static [&'static str],
    /// Why they differ.
    pub reason: &'static str,
}

/// Every documented difference.
pub const DOCUMENTED: &[Documented] = &[];

/// Why a program of this name differs on purpose; `None` if it is not known to.
#[must_use]
pub fn documented(name: &str) -> Option<&'static str> {
    let found = DOCUMENTED.iter().find(|documented| documented.programs.contains(&name));
    found.map(|documented| documented.reason)
}
