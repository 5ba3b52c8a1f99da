//! hyper 1: HTTP/1.1 and HTTP/2 over duplex streams, with concurrent requests, bodies that are
//! dropped half-way, and answers that are waited for in vain.

#[path = "../hunting.rs"]
mod hunting;

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{DuplexStream, duplex};
use tokio::time::{sleep, timeout};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the server thinks, how long it thinks about what is too hard, and how long its clients
/// wait.
const THINKS: Duration = Duration::from_millis(20);
const PONDERS: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(1);

/// How much of a stream a part is, and how many there are.
const PART: usize = 1000;
const PARTS: usize = 8;

type Body = BoxBody<Bytes, Infallible>;

fn parts() -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    stream::unfold(0, |number| async move {
        sleep(THINKS).await;
        let part = Bytes::from(vec![b'a' + number as u8; PART]);
        (number < PARTS).then_some((Ok(Frame::data(part)), number + 1))
    })
}

async fn serve(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let body = match request.uri().path() {
        "/echo" => {
            let said = request.into_body().collect().await?.to_bytes();
            sleep(THINKS).await;
            Full::new(said).boxed()
        }
        "/stream" => StreamBody::new(parts()).boxed(),
        "/ponder" => {
            sleep(PONDERS).await;
            Empty::new().boxed()
        }
        _ => {
            let mut missing = Response::new(Empty::new().boxed());
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return Ok(missing);
        }
    };
    Ok(Response::new(body))
}

async fn serve_http1(stream: DuplexStream) -> Result<(), hyper::Error> {
    let mut server = server::conn::http1::Builder::new();
    // The date is the system's.
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).auto_date_header(false);
    server.serve_connection(TokioIo::new(stream), service_fn(serve)).await
}

async fn serve_http2(stream: DuplexStream) -> Result<(), hyper::Error> {
    let mut server = server::conn::http2::Builder::new(TokioExecutor::new());
    server.timer(TokioTimer::new()).auto_date_header(false);
    server.serve_connection(TokioIo::new(stream), service_fn(serve)).await
}

fn get(path: &str, body: &str) -> Request<Full<Bytes>> {
    let request = Request::post(format!("http://server{path}"));
    request.body(Full::new(Bytes::from(body.to_owned()))).expect("it is a path")
}

/// What is asked, of either version of the protocol.
macro_rules! ask {
    ($sender:expr, $path:expr, $body:expr) => {{
        let asked = $sender.ready().await;
        match asked {
            Ok(()) => $sender.send_request(get($path, $body)).await,
            Err(error) => Err(error),
        }
        .map_err(|error| format!("{}: {error}", $path))
    }};
}

async fn text(response: Response<Incoming>) -> Result<String, String> {
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

fn expect(got: &str, expected: &str) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("got {got}, expected {expected}")) }
}

/// Several requests over one HTTP/1.1 connection, the last of which is not waited for.
async fn http1() -> Result<(), String> {
    let (near, far) = duplex(512);
    let server = tokio::spawn(serve_http1(far));
    let (mut sender, connection) =
        client::conn::http1::handshake(TokioIo::new(near)).await.map_err(|e| e.to_string())?;
    let connection = tokio::spawn(connection);
    expect(&text(ask!(sender, "/echo", "hello")?).await?, "hello")?;
    let missing = ask!(sender, "/nowhere", "")?;
    expect(missing.status().as_str(), "404")?;
    drop(missing);
    let all = text(ask!(sender, "/stream", "")?).await?;
    expect(&all.len().to_string(), &(PART * PARTS).to_string())?;
    let pondered = timeout(PATIENCE, async { ask!(sender, "/ponder", "") }).await;
    expect(&pondered.is_err().to_string(), "true")?;
    drop(sender);
    let ended = async { tokio::join!(connection, server) }.await;
    // The server may find that the client has gone.
    ended.0.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    ended.1.map_err(|error| error.to_string()).map(drop)
}

/// Concurrent requests over one HTTP/2 connection, one of whose answers is dropped half-way.
async fn http2() -> Result<(), String> {
    let (near, far) = duplex(512);
    let server = tokio::spawn(serve_http2(far));
    let handshake = client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near));
    let (sender, connection) = handshake.await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let echoes = ["one", "two"].map(|said| {
        let mut sender = sender.clone();
        tokio::spawn(async move { expect(&text(ask!(sender, "/echo", said)?).await?, said) })
    });
    let mut other = sender.clone();
    let dropped = tokio::spawn(async move {
        let mut body = ask!(other, "/stream", "")?.into_body();
        match body.frame().await {
            Some(Ok(frame)) if frame.is_data() => Ok(()),
            frame => Err(format!("{frame:?}")),
        }
    });
    let mut other = sender;
    let pondered = tokio::spawn(async move {
        let answer = timeout(PATIENCE, async { ask!(other, "/ponder", "") }).await;
        expect(&answer.is_err().to_string(), "true")
    });
    for request in echoes.into_iter().chain([dropped, pondered]) {
        request.await.map_err(|error| error.to_string())??;
    }
    connection.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    server.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

async fn program() -> Result<(), String> {
    let both = [tokio::spawn(http1()), tokio::spawn(http2())];
    for one in both {
        one.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}
