//! An optimistic update whose check and whose write are two requests.
//!
//! RFC 9110, section 13.1.1, has `If-Match` against it.
//!
//! - Symptom: two editors add a line to a document, and one of the lines is gone.
//! - Cause: the editor remembers the version that it read, asks before it saves whether that is
//!   still the document's, and then saves: another editor's save fits in between.
//! - Shortest schedule: one switch, between the question and the save.
//! - Fix: send the version along with the save (`If-Match`), let the store refuse what is based on
//!   an old one, and begin again if it does.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Two editors of one document.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "conditional-write",
    summary: "editors ask whether their version is current, and save in a second request",
    variants: &[
        Variant::buggy(&|| program(edit(add_buggy)), Kind::Error, 10),
        Variant::fixed(&|| program(edit(add_fixed))),
    ],
};

#[derive(Clone, Default)]
struct Document {
    lines: Vec<String>,
    version: u32,
}

/// A store on another machine: every request is an await.
struct Store {
    document: Lock<Document>,
}

impl Store {
    async fn load(&self) -> Document {
        self.document.lock().await.clone()
    }

    async fn save(&self, lines: Vec<String>) {
        let mut document = self.document.lock().await;
        event!("saved {lines:?}");
        *document = Document { lines, version: document.version + 1 };
    }

    /// Says whether that version was still the document's.
    async fn save_if(&self, version: u32, lines: Vec<String>) -> bool {
        let mut document = self.document.lock().await;
        let is_current = document.version == version;
        if is_current {
            event!("saved {lines:?}");
            *document = Document { lines, version: version + 1 };
        }
        is_current
    }
}

async fn add_buggy(store: &Store, line: &str) {
    loop {
        let mut document = store.load().await;
        document.lines.push(line.to_owned());
        if store.load().await.version == document.version {
            store.save(document.lines).await;
            return;
        }
    }
}

async fn add_fixed(store: &Store, line: &str) {
    loop {
        let mut document = store.load().await;
        document.lines.push(line.to_owned());
        if store.save_if(document.version, document.lines).await {
            return;
        }
    }
}

async fn edit(add: impl AsyncFn(&Store, &str) + Copy + 'static) -> Result<(), String> {
    let document = Lock::new(Document::default()).named("document");
    let store = Rc::new(Store { document });
    let editors = ["ada", "grace"].map(|name| {
        let store = store.clone();
        task().named(name).spawn(async move { add(&store, name).await })
    });
    for editor in editors {
        editor.await.map_err(|error| error.to_string())?;
    }
    let mut lines = store.load().await.lines;
    lines.sort_unstable();
    if lines == ["ada", "grace"] { Ok(()) } else { Err(format!("the document has {lines:?}")) }
}
