//! tokio-util: a server of lines over duplex streams, whose sessions end when they are idle for too
//! long, when the client hangs up, or when the server goes down.

#[path = "../hunting.rs"]
mod hunting;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{DuplexStream, duplex};
use tokio::time::sleep;
use tokio_util::codec::{Framed, LinesCodec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long a session lasts whose client says nothing.
const IDLE: Duration = Duration::from_secs(60);

/// How long a client thinks before it says the next line.
const THINKS: Duration = Duration::from_secs(40);

struct Server {
    sessions: TaskTracker,
    shutdown: CancellationToken,
    idle: Mutex<DelayQueue<CancellationToken>>,
}

impl Server {
    fn new() -> Arc<Server> {
        Arc::new(Server {
            sessions: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            idle: Mutex::default(),
        })
    }

    /// A new session, and the client's end of it.
    fn connect(self: &Arc<Server>) -> Framed<DuplexStream, LinesCodec> {
        // So small that a line does not fit in.
        let (client, stream) = duplex(4);
        let end = self.shutdown.child_token();
        let key = self.idle().insert(end.clone(), IDLE);
        let server = Arc::clone(self);
        self.sessions.spawn(async move { server.serve(stream, end, key).await });
        Framed::new(client, LinesCodec::new())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, DelayQueue<CancellationToken>> {
        self.idle.lock().expect("nobody panics")
    }

    /// Answers lines; says how many.
    async fn serve(&self, stream: DuplexStream, end: CancellationToken, key: Key) -> usize {
        let mut lines = Framed::new(stream, LinesCodec::new());
        let mut answered = 0;
        let answers = async {
            while let Some(Ok(line)) = lines.next().await {
                self.idle().reset(&key, IDLE);
                if lines.send(line.to_uppercase()).await.is_err() {
                    break;
                }
                answered += 1;
            }
        };
        if end.run_until_cancelled(answers).await.is_some() {
            self.idle().try_remove(&key);
        }
        answered
    }

    /// Ends idle sessions, until the server goes down.
    async fn reap(&self) {
        loop {
            let next = poll_fn(|cx| self.idle().poll_expired(cx));
            match self.shutdown.run_until_cancelled(next).await {
                Some(Some(idle)) => idle.into_inner().cancel(),
                // There is no session, and may be one later.
                Some(None) => sleep(IDLE / 10).await,
                None => break,
            }
        }
    }
}

/// Says this line; what is answered, if the session goes on.
async fn ask(lines: &mut Framed<DuplexStream, LinesCodec>, line: &str) -> Option<String> {
    lines.send(line).await.ok()?;
    lines.next().await?.ok()
}

/// A client that says a line and hangs up, one that falls asleep, and one that goes on until the
/// server goes down.
async fn program() -> Result<(), String> {
    let server = Server::new();
    let reaper = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.reap().await }
    });
    let (mut short, mut sleepy, mut long) = (server.connect(), server.connect(), server.connect());
    let short = tokio::spawn(async move { ask(&mut short, "hello").await });
    let sleepy = tokio::spawn(async move {
        let first = ask(&mut sleepy, "good night").await;
        sleep(2 * IDLE).await;
        (first, ask(&mut sleepy, "good morning").await)
    });
    let long = tokio::spawn(async move {
        let mut said = 0;
        while ask(&mut long, "and another thing").await.is_some() {
            said += 1;
            sleep(THINKS).await;
        }
        said
    });
    sleep(5 * THINKS / 2 + IDLE).await;
    server.shutdown.cancel();
    server.sessions.close();
    server.sessions.wait().await;
    let all = async { tokio::try_join!(short, sleepy, long, reaper) };
    let (short, sleepy, long, ()) = all.await.map_err(|error| error.to_string())?;
    let answers = (short.as_deref(), sleepy.0.as_deref(), sleepy.1.as_deref(), long);
    match answers {
        (Some("HELLO"), Some("GOOD NIGHT"), None, 4..=5) => Ok(()),
        answers => Err(format!("{answers:?}")),
    }
}
