//! Double-checked initialisation without the second check.
//!
//! The pattern that it falls short of is Schmidt and Harrison's "Double-Checked Locking" (1996).
//!
//! - Symptom: there are two connections where there was to be one, and half of the program talks
//!   through a connection that nobody will ever close.
//! - Cause: whoever finds no connection takes a lock and makes one. Who waited for the lock does
//!   not look again, and makes another.
//! - Shortest schedule: one switch, between the first task's look and its connecting.
//! - Fix: look again under the lock (or use a `OnceCell`, which does).

use std::cell::RefCell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::sim::step;
use unpick::{Kind, event};

/// Two users of one connection.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "double-checked",
    summary: "whoever waited for the lock does not look again whether there is a connection",
    variants: &[
        Variant::buggy(&|| program(connect(connection_buggy)), Kind::Error, 10),
        Variant::fixed(&|| program(connect(connection_fixed))),
    ],
};

#[derive(Debug)]
struct Connection;

struct Client {
    connection: RefCell<Option<Rc<Connection>>>,
    connecting: Lock,
}

impl Client {
    async fn connect(&self) -> Rc<Connection> {
        step().await;
        event!("connected");
        let connection = Rc::new(Connection);
        self.connection.replace(Some(connection.clone()));
        connection
    }

    fn connected(&self) -> Option<Rc<Connection>> {
        self.connection.borrow().clone()
    }
}

async fn connection_buggy(client: &Client) -> Rc<Connection> {
    if let Some(connection) = client.connected() {
        return connection;
    }
    let _guard = client.connecting.lock().await;
    client.connect().await
}

async fn connection_fixed(client: &Client) -> Rc<Connection> {
    if let Some(connection) = client.connected() {
        return connection;
    }
    let _guard = client.connecting.lock().await;
    match client.connected() {
        Some(connection) => connection,
        None => client.connect().await,
    }
}

async fn connect(
    connection: impl AsyncFn(&Client) -> Rc<Connection> + Copy + 'static,
) -> Result<(), String> {
    let connecting = Lock::new(()).named("connecting");
    let client = Rc::new(Client { connection: RefCell::default(), connecting });
    let users = ["reader", "writer"].map(|name| {
        let client = client.clone();
        task().named(name).spawn(async move { connection(&client).await })
    });
    let mut connections = Vec::new();
    for user in users {
        connections.push(user.await.map_err(|error| error.to_string())?);
    }
    if Rc::ptr_eq(&connections[0], &connections[1]) {
        Ok(())
    } else {
        Err(String::from("the reader and the writer have a connection each"))
    }
}
