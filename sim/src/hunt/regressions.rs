//! Regressions: failures that are kept beside the program, and replayed before anything else.
//!
//! There is one file a test, `unpick-regressions/<module>__<test>.txt` beside the package's
//! `Cargo.toml`, and it is meant to be committed:
//!
//! ```text
//! # Failures that unpick found. Commit this file: they are replayed first.
//! unpick-regressions 1
//!
//! failure lost update
//!   place src/bank.rs:15
//!   about shared balance
//!   date 2026-11-25
//!   version 0.1.0
//!   tape 1pe:3@1=1~9f2c41
//!   choice 1 schedule 1/2
//!     task main.1 teller-1
//!     before acquire lock audit
//!     after get shared balance
//!     nth 1
//!     to main.2 teller-2
//!     then get shared balance
//! ```
//!
//! Its first line (after comments, which begin with `#`) has the version of the format. An entry
//! begins with a line that is not indented, and has a field a line: a name, a space, a text in
//! which `%`, `;` and line breaks are written `%25`, `%3b`, `%0a`. Fields can also stand in one
//! line, with `;` between them: that is how an entry is printed that could not be written, to be
//! pasted below the others.
//!
//! | field | says |
//! |---|---|
//! | `failure` | the finding's kind |
//! | `place` | where it was; left out if that is not known |
//! | `about` | what it is about, by its [signature](crate::finding::Signature) |
//! | `date`, `version` | when it was found, and by which version of Unpick |
//! | `run` | in which run of a hunt, and by which strategy; for people, since another program has other runs |
//! | `tape` | the minimal tape's [token](crate::tape::Token) |
//! | `choice` | a choice that is not plain: its number, its label, and the alternative taken out of how many. The fields after it say what stands around it |
//! | `task`, `to` | path and name of the task whose code ran, and of the one that had its turn next |
//! | `before`, `after`, `then` | operation and object: what the task was about to do and had done last, and what the next one did first |
//! | `nth` | the how-manieth choice with this label, task and `before` it is |
//!
//! The tape is replayed first. If the program asks something else it was edited, and each
//! deviation is looked for by what stands around it, which neither new names nor new tasks nor new
//! awaits wholly change. Then it says how many were found again. If fewer than half were, the
//! entry is stale: what is left of it is the beginning of some random runs, and then it is named,
//! so that somebody takes it out.
//!
//! A failure of kind `crash` or `hang` ends the process that replays it. So that is done by a worker
//! before the hunt itself replays anything, whether the hunt is
//! [isolated](crate::hunt::Isolation::Process) or not.

mod entry;
mod file;
mod realign;
mod surroundings;

pub use entry::Entry;
pub use file::{Regressions, RegressionsError};
pub use realign::{Alignment, Replay, replay};
pub(super) use realign::{Onlooker, replay_watched};
