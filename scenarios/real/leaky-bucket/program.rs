//! leaky-bucket: tasks that share a limit of so many tokens a second; some of them give up.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use leaky_bucket::RateLimiter;
use tokio::time::{Instant, sleep, timeout};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How many tokens there are at once, and how many come in which time.
const TOKENS: usize = 3;
const REFILL: usize = 2;
const INTERVAL: Duration = Duration::from_millis(100);

/// Five tasks take two tokens each; one is aborted, and another one does not wait for long.
async fn program() -> Result<(), String> {
    let begin = Instant::now();
    let limiter = RateLimiter::builder()
        .initial(TOKENS)
        .max(TOKENS)
        .refill(REFILL)
        .interval(INTERVAL)
        .build();
    let limiter = Arc::new(limiter);
    let tasks = [(); 5].map(|()| {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move { limiter.acquire(2).await })
    });
    let hasty = Arc::clone(&limiter);
    let hasty = tokio::spawn(async move { timeout(INTERVAL / 2, hasty.acquire(1)).await.is_ok() });
    sleep(INTERVAL / 4).await;
    tasks[1].abort();
    let mut taken = 0;
    for task in tasks {
        match task.await {
            Ok(()) => taken += 2,
            Err(error) if error.is_cancelled() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    taken += usize::from(hasty.await.map_err(|error| error.to_string())?);
    let intervals = begin.elapsed().as_millis() / INTERVAL.as_millis();
    let most = TOKENS + REFILL * intervals as usize;
    if taken <= most { Ok(()) } else { Err(format!("{taken} tokens were taken, of {most}")) }
}
