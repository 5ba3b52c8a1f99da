//! The same thing fetched twice.
//!
//! "Scaling Memcache at Facebook" (NSDI 2013) calls it a thundering herd; Go's package
//! `singleflight` is against it.
//!
//! - Symptom: requests for one page that come together all render it, and the renderer, which
//!   the cache was to protect, is overrun.
//! - Cause: between the look into the cache and the fill there is an await, and whoever comes in
//!   it misses too.
//! - Shortest schedule: one switch, after the first request's miss.
//! - Fix: the cache keeps a cell for each page from the first miss on. Whoever comes while the
//!   page is being rendered waits for the cell.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{OnceCell, Semaphore};
use unpick::{Kind, event};

/// Three requests for one page.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "single-flight",
    summary: "requests for one page that come together all render it",
    variants: &[
        Variant::buggy(&|| program(serve(page_buggy)), Kind::Error, 10),
        Variant::fixed(&|| program(serve(page_fixed))),
    ],
};

type Page = Rc<OnceCell<String>>;

struct Site {
    pages: RefCell<BTreeMap<&'static str, Page>>,
    renderers: Semaphore,
    rendered: Cell<u32>,
}

impl Site {
    async fn render(&self, path: &str) -> String {
        let _renderer = self.renderers.acquire().await;
        self.rendered.set(self.rendered.get() + 1);
        event!("rendered {path}");
        format!("<h1>{path}</h1>")
    }

    fn cached(&self, path: &str) -> Option<Page> {
        self.pages.borrow().get(path).cloned()
    }
}

async fn page_buggy(site: &Site, path: &'static str) -> String {
    if let Some(text) = site.cached(path).and_then(|page| page.get().cloned()) {
        return text;
    }
    let text = site.render(path).await;
    let page = OnceCell::new();
    page.set(text.clone()).expect("nobody else has this cell");
    site.pages.borrow_mut().insert(path, Rc::new(page));
    text
}

async fn page_fixed(site: &Site, path: &'static str) -> String {
    let page = site.pages.borrow_mut().entry(path).or_default().clone();
    page.get_or_init(|| site.render(path)).await.clone()
}

async fn serve(
    page: impl AsyncFn(&Site, &'static str) -> String + Copy + 'static,
) -> Result<(), String> {
    let renderers = Semaphore::new(2).named("renderers");
    let site = Rc::new(Site { pages: RefCell::default(), renderers, rendered: Cell::new(0) });
    let requests: [_; 3] = std::array::from_fn(|number| {
        let site = site.clone();
        let name = format!("request-{number}");
        task().named(name).spawn(async move { page(&site, "/").await })
    });
    for request in requests {
        let text = request.await.map_err(|error| error.to_string())?;
        assert_eq!(text, "<h1>/</h1>");
    }
    match site.rendered.get() {
        1 => Ok(()),
        times => Err(format!("the page was rendered {times} times")),
    }
}
