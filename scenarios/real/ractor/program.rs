//! ractor: a bank whose account is an actor, which fails once and is started again by its
//! supervisor, while tellers call it.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::time::Duration;

use ractor::{
    Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent, call,
    call_t,
};
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the account takes to book something.
const BOOKING: Duration = Duration::from_millis(10);

/// What the account begins with, and how much a teller deposits.
const OPENING: u32 = 100;
const DEPOSIT: u32 = 10;

struct Account;

enum Booking {
    /// Adds so much, and says what is there then.
    Deposit(u32, RpcReplyPort<u32>),
    /// Is not possible.
    Withdraw,
}

impl Actor for Account {
    type Msg = Booking;
    type State = u32;
    type Arguments = u32;

    async fn pre_start(
        &self,
        _: ActorRef<Booking>,
        opening: u32,
    ) -> Result<u32, ActorProcessingErr> {
        Ok(opening)
    }

    async fn handle(
        &self,
        _: ActorRef<Booking>,
        booking: Booking,
        balance: &mut u32,
    ) -> Result<(), ActorProcessingErr> {
        sleep(BOOKING).await;
        match booking {
            Booking::Deposit(amount, reply) => {
                *balance += amount;
                // The teller may have gone.
                let _ = reply.send(*balance);
                Ok(())
            }
            Booking::Withdraw => Err("there is nothing to withdraw".into()),
        }
    }
}

struct Bank;

/// Asks for the account as it is now.
struct Which(RpcReplyPort<ActorRef<Booking>>);

async fn open(bank: ActorCell) -> Result<ActorRef<Booking>, SpawnErr> {
    Actor::spawn_linked(None, Account, OPENING, bank).await.map(|(account, _)| account)
}

impl Actor for Bank {
    type Msg = Which;
    type State = ActorRef<Booking>;
    type Arguments = ();

    async fn pre_start(
        &self,
        bank: ActorRef<Which>,
        (): (),
    ) -> Result<ActorRef<Booking>, ActorProcessingErr> {
        Ok(open(bank.get_cell()).await?)
    }

    async fn handle(
        &self,
        _: ActorRef<Which>,
        Which(reply): Which,
        account: &mut ActorRef<Booking>,
    ) -> Result<(), ActorProcessingErr> {
        reply.send(account.clone()).map_err(ActorProcessingErr::from)
    }

    async fn handle_supervisor_evt(
        &self,
        bank: ActorRef<Which>,
        event: SupervisionEvent,
        account: &mut ActorRef<Booking>,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            *account = open(bank.get_cell()).await?;
        }
        Ok(())
    }
}

/// Deposits, and says what is there then, if it was told.
async fn deposit(bank: ActorRef<Which>) -> Result<Option<u32>, String> {
    let account = call!(bank, Which).map_err(|error| error.to_string())?;
    // The account may fail meanwhile, or take too long.
    Ok(call_t!(account, Booking::Deposit, 25, DEPOSIT).ok())
}

/// Three tellers that deposit, and one that cannot withdraw.
async fn program() -> Result<(), String> {
    let (bank, closed) = Actor::spawn(None, Bank, ()).await.map_err(|error| error.to_string())?;
    let tellers = [(); 3].map(|()| tokio::spawn(deposit(bank.clone())));
    let account = call!(bank, Which).map_err(|error| error.to_string())?;
    account.cast(Booking::Withdraw).map_err(|error| error.to_string())?;
    for teller in tellers {
        let told = teller.await.map_err(|error| error.to_string())??;
        if told.is_some_and(|balance| balance > OPENING + 3 * DEPOSIT) {
            return Err(format!("{told:?} are in the account"));
        }
    }
    bank.stop_and_wait(None, None).await.map_err(|error| error.to_string())?;
    closed.await.map_err(|error| error.to_string())
}
