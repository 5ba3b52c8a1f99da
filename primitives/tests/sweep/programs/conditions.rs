//! Conditions.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use unpick_primitives::{Condition, Lock};
use unpick_sim::time::sleep;

use crate::sweep;
use crate::victim::all;

/// Two flags, one waiter each and one for both: whoever is cancelled, the others are woken.
#[test]
fn a_condition_wakes_whoever_is_left() {
    sweep(3, |victim| async move {
        let condition = Rc::new(Condition::new(0_u32));
        let waiters = (0..3).map(|number| {
            let condition = condition.clone();
            victim.spawn(number, async move {
                let guard = condition.lock().await;
                let mut guard = condition.wait_for(guard, |tokens| *tokens > 0).await;
                *guard -= 1;
            })
        });
        let waiters: Vec<_> = waiters.collect();
        for _ in 0..3 {
            sleep(Duration::from_millis(1)).await;
            let mut tokens = condition.lock().await;
            *tokens += 1;
            condition.notify(1);
        }
        all(waiters).await;
        assert!(!condition.locked(), "{condition:?}");
    });
}

#[test]
fn a_condition_leaves_its_lock_free() {
    sweep(3, |victim| async move {
        let lock = Arc::new(Lock::new(false));
        let condition = Rc::new(Condition::over(lock.clone()));
        let waiters = (0..3).map(|number| {
            let condition = condition.clone();
            victim.spawn(number, async move {
                let guard = condition.lock().await;
                drop(condition.wait_for(guard, |is_set| *is_set).await);
            })
        });
        let waiters: Vec<_> = waiters.collect();
        sleep(Duration::from_millis(1)).await;
        let mut is_set = lock.lock().await;
        *is_set = true;
        condition.notify_all();
        drop(is_set);
        all(waiters).await;
        assert!(!lock.locked(), "{lock:?}");
    });
}
