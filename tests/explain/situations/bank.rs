//! Two tellers read a balance, write a line to the audit, and write the balance back.

use std::rc::Rc;

use unpick::primitives::Lock;
use unpick::sim::{Shared, task};

async fn deposit(balance: Rc<Shared<u32>>, audit: Rc<Lock<()>>, amount: u32) {
    let seen = balance.get();
    drop(audit.lock().await);
    balance.set(seen + amount);
}

pub(crate) async fn deposits() {
    let balance = Rc::new(Shared::synchronized(100).named("balance"));
    let audit = Rc::new(Lock::new(()).named("audit"));
    let tellers = [("teller-1", 10), ("teller-2", 20)].map(|(name, amount)| {
        task().named(name).spawn(deposit(balance.clone(), audit.clone(), amount))
    });
    for teller in tellers {
        teller.await.expect("nobody aborts it");
    }
}
