//! tower: requests through buffer, concurrency limit, rate limit, retries and timeouts, to a service
//! that fails now and then.

#[path = "../hunting.rs"]
mod hunting;

use std::future::{Ready, ready};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::retry::Policy;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long an answer takes, and how long one takes that is too slow.
const ANSWER: Duration = Duration::from_millis(10);
const SLOW: Duration = Duration::from_secs(5);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many requests are served at once, and how many in which time.
const AT_ONCE: usize = 2;
const PER_SECOND: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Quick,
    /// Fails every other time.
    Shaky,
    Slow,
}

type Client = BoxCloneService<Request, Request, BoxError>;

/// Tries a request that failed this many times again.
#[derive(Clone)]
struct Again(usize);

impl Policy<Request, Request, BoxError> for Again {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request,
        result: &mut Result<Request, BoxError>,
    ) -> Option<Ready<()>> {
        let is_over = result.is_ok() || self.0 == 0;
        self.0 = self.0.saturating_sub(1);
        (!is_over).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(*request)
    }
}

#[derive(Default)]
struct Backend {
    /// How many requests are being served, and how many have been.
    serving: AtomicUsize,
    served: AtomicUsize,
}

/// A request that is served, until it is over or given up.
struct Serving<'a>(&'a Backend);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.serving.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Backend {
    async fn answer(&self, request: Request) -> Result<Request, BoxError> {
        let serving = self.serving.fetch_add(1, Ordering::Relaxed) + 1;
        let _serving = Serving(self);
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        assert!(serving <= AT_ONCE, "{serving} requests are served at once");
        sleep(if request == Request::Slow { SLOW } else { ANSWER }).await;
        if request == Request::Shaky && number % 2 == 0 {
            return Err("it failed".into());
        }
        Ok(request)
    }
}

async fn ask(client: Client, request: Request) -> Result<Request, String> {
    let answer = client.oneshot(request);
    if request == Request::Slow {
        // It would be tried again for a while: once is enough.
        return match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => Err(format!("it was answered: {answer:?}")),
            Err(_) => Ok(request),
        };
    }
    answer.await.map_err(|error| error.to_string())
}

/// Six requests of three kinds; the client of one hangs up.
async fn program() -> Result<(), String> {
    let begin = Instant::now();
    let backend = Arc::new(Backend::default());
    let served = Arc::clone(&backend);
    let service = ServiceBuilder::new()
        .buffer(2)
        .rate_limit(PER_SECOND, Duration::from_secs(1))
        .concurrency_limit(AT_ONCE)
        .service(service_fn(move |request: Request| {
            let backend = Arc::clone(&served);
            async move { backend.answer(request).await }
        }));
    let client = ServiceBuilder::new().retry(Again(20)).timeout(PATIENCE).service(service);
    let client = BoxCloneService::new(client);
    use Request::{Quick, Shaky, Slow};
    let requests = [Quick, Slow, Shaky, Quick, Shaky, Quick]
        .map(|request| (request, tokio::spawn(ask(client.clone(), request))));
    drop(client);
    sleep(ANSWER / 2).await;
    requests[3].1.abort();
    for (number, (request, answer)) in requests.into_iter().enumerate() {
        match answer.await {
            Err(error) if number == 3 && error.is_cancelled() => {}
            Err(error) => return Err(error.to_string()),
            Ok(answer) => {
                let answer = answer?;
                if answer != request {
                    return Err(format!("{request:?} was answered with {answer:?}"));
                }
            }
        }
    }
    // In each second as many requests as may be, and those that are given up go on for a while.
    let (served, seconds) =
        (backend.served.load(Ordering::Relaxed) as u64, begin.elapsed().as_secs());
    if served <= (seconds + 1) * PER_SECOND {
        Ok(())
    } else {
        Err(format!("{served} requests were served in {seconds} s"))
    }
}
