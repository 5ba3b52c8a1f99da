//! A readers-writer lock that prefers readers.
//!
//! The first of the two problems in "Concurrent Control with Readers and Writers" (Courtois,
//! Heymans and Parnas, 1971).
//!
//! - Symptom: a new configuration is not installed for as long as there is traffic.
//! - Cause: a reader gets in whenever no writer is in. With two readers whose visits overlap the
//!   lock is never free, and the writer waits for that.
//! - Shortest schedule: the plain one, when readers are in long enough to overlap.
//! - Fix: a fair lock, in which a writer that waits keeps later readers out: `RwLock`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::{sleep, task, timeout};
use unpick::primitives::{Condition, RwLock};
use unpick::sim::pick;
use unpick::{Kind, event};

/// Two readers and a writer that has a deadline.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "writer-starves",
    summary: "readers whose visits overlap keep a writer out",
    variants: &[
        Variant::buggy(&|| program(serve::<Preferring>()), Kind::Error, 1),
        Variant::fixed(&|| program(serve::<RwLock>())),
    ],
};

const PATIENCE: Duration = Duration::from_millis(200);

/// A lock for many readers or one writer, around something that takes its time.
trait Access: 'static {
    fn create() -> Self;
    async fn while_reading(&self, work: impl Future<Output = ()>);
    async fn while_writing(&self, work: impl Future<Output = ()>);
}

/// A readers-writer lock written by hand: how many readers are in.
struct Preferring {
    readers: Condition<usize>,
}

impl Access for Preferring {
    fn create() -> Preferring {
        Preferring { readers: Condition::new(0).named("readers") }
    }

    async fn while_reading(&self, work: impl Future<Output = ()>) {
        *self.readers.lock().await += 1;
        work.await;
        *self.readers.lock().await -= 1;
        let _readers = self.readers.lock().await;
        self.readers.notify_all();
    }

    async fn while_writing(&self, work: impl Future<Output = ()>) {
        let readers = self.readers.lock().await;
        // Held until it is done, so that no reader gets in.
        let _readers = self.readers.wait_for(readers, |readers| *readers == 0).await;
        work.await;
    }
}

impl Access for RwLock {
    fn create() -> RwLock {
        RwLock::new(()).named("configuration")
    }

    async fn while_reading(&self, work: impl Future<Output = ()>) {
        let _guard = self.read().await;
        work.await;
    }

    async fn while_writing(&self, work: impl Future<Output = ()>) {
        let _guard = self.write().await;
        work.await;
    }
}

struct Service<A> {
    access: A,
    is_over: Cell<bool>,
}

/// Is in for nearly all of the time.
async fn read<A: Access>(service: Rc<Service<A>>) {
    while !service.is_over.get() {
        let visit = Duration::from_millis(10 + 5 * pick(3) as u64);
        service.access.while_reading(sleep(visit)).await;
        sleep(Duration::from_millis(1)).await;
    }
}

async fn serve<A: Access>() -> Result<(), String> {
    let service = Rc::new(Service { access: A::create(), is_over: Cell::new(false) });
    let readers = [0, 7].map(|offset_ms| {
        let service = service.clone();
        task().named(format!("reader-{offset_ms}")).spawn(async move {
            sleep(Duration::from_millis(offset_ms)).await;
            read(service).await;
        })
    });
    sleep(Duration::from_millis(10)).await;
    let install = async { event!("installed") };
    let installed = timeout(PATIENCE, service.access.while_writing(install)).await;
    service.is_over.set(true);
    for reader in readers {
        reader.await.map_err(|error| error.to_string())?;
    }
    installed.map_err(|_| format!("the configuration was not installed within {PATIENCE:?}"))
}
