//! The small programs with a bug, as a user of the peer writes them: threads, its locks, and its
//! atomics for variables whose single accesses are steps. `crate::peer` is its `sync` and `thread`.

use crate::peer::sync::atomic::{AtomicI32, Ordering::SeqCst};
use crate::peer::sync::{Arc, Mutex};
use crate::peer::thread;

/// A variable.
fn variable(value: i32) -> Arc<AtomicI32> {
    Arc::new(AtomicI32::new(value))
}

fn join(handles: Vec<thread::JoinHandle<()>>) {
    for handle in handles {
        handle.join().unwrap();
    }
}

/// Setters write a, then b; the checker reads both and fails on a mixture.
pub fn reorder(setters: u32) {
    let (a, b) = (variable(0), variable(0));
    let mut handles: Vec<_> = (0..setters)
        .map(|_| {
            let (a, b) = (a.clone(), b.clone());
            thread::spawn(move || {
                a.store(1, SeqCst);
                b.store(-1, SeqCst);
            })
        })
        .collect();
    handles.push(thread::spawn(move || {
        let seen = (a.load(SeqCst), b.load(SeqCst));
        assert!(matches!(seen, (0, 0) | (1, -1)), "saw {seen:?}");
    }));
    join(handles);
}

/// Writers set data1 under lock A and then data2 = data1 + 1 under lock B.
pub fn twostage(writers: u32) {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let (data1, data2) = (variable(0), variable(0));
    let mut handles: Vec<_> = (0..writers)
        .map(|_| {
            let (locks, data1, data2) = (locks.clone(), data1.clone(), data2.clone());
            thread::spawn(move || {
                let guard = locks[0].lock().unwrap();
                data1.store(1, SeqCst);
                drop(guard);
                let _guard = locks[1].lock().unwrap();
                data2.store(data1.load(SeqCst) + 1, SeqCst);
            })
        })
        .collect();
    handles.push(thread::spawn(move || {
        let guard = locks[0].lock().unwrap();
        let first = data1.load(SeqCst);
        drop(guard);
        if first == 0 {
            return;
        }
        let _guard = locks[1].lock().unwrap();
        assert_eq!(data2.load(SeqCst), first + 1);
    }));
    join(handles);
}

/// Some threads guard a value with lock A, one with lock B.
pub fn wronglock(right: usize) {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let data = variable(0);
    let handles = (0..=right)
        .map(|number| {
            let (locks, data) = (locks.clone(), data.clone());
            thread::spawn(move || {
                let _guard = locks[usize::from(number == 0)].lock().unwrap();
                let seen = data.load(SeqCst);
                data.store(seen + 1, SeqCst);
                assert_eq!(data.load(SeqCst), seen + 1);
            })
        })
        .collect();
    join(handles);
}

/// A deposit and a withdrawal, each step under the lock, but not the whole.
pub fn account() {
    let lock = Arc::new(Mutex::new(()));
    let balance = variable(100);
    let handles = [50, -30]
        .map(|by| {
            let (lock, balance) = (lock.clone(), balance.clone());
            thread::spawn(move || {
                let guard = lock.lock().unwrap();
                let seen = balance.load(SeqCst);
                drop(guard);
                let _guard = lock.lock().unwrap();
                balance.store(seen + by, SeqCst);
            })
        })
        .into();
    join(handles);
    assert_eq!(balance.load(SeqCst), 120);
}

/// A request to stop races with somebody who is about to use the driver.
pub fn bluetooth() {
    let (pending, is_stopping, is_stopped) = (variable(1), variable(0), variable(0));
    let release = |pending: &AtomicI32, is_stopped: &AtomicI32| {
        let left = pending.load(SeqCst) - 1;
        pending.store(left, SeqCst);
        if left == 0 {
            is_stopped.store(1, SeqCst);
        }
    };
    let user = (pending.clone(), is_stopping.clone(), is_stopped.clone());
    let adder = thread::spawn(move || {
        let (pending, is_stopping, is_stopped) = user;
        if is_stopping.load(SeqCst) == 1 {
            return;
        }
        let count = pending.load(SeqCst);
        pending.store(count + 1, SeqCst);
        assert!(is_stopped.load(SeqCst) == 0, "a stopped driver is used");
        release(&pending, &is_stopped);
    });
    let stopper = thread::spawn(move || {
        is_stopping.store(1, SeqCst);
        release(&pending, &is_stopped);
    });
    join(vec![adder, stopper]);
}

/// Two locks taken in opposite orders.
pub fn deadlock01() {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let handles = [0, 1]
        .map(|first: usize| {
            let locks = locks.clone();
            thread::spawn(move || {
                let _first = locks[first].lock().unwrap();
                let _second = locks[1 - first].lock().unwrap();
            })
        })
        .into();
    join(handles);
}

/// Append reads the other buffer's length, then its characters, while another thread deletes some.
pub fn stringbuffer() {
    let buffer = Arc::new((Mutex::new(()), AtomicI32::new(3)));
    let other = buffer.clone();
    let append = thread::spawn(move || {
        let guard = other.0.lock().unwrap();
        let length = other.1.load(SeqCst);
        drop(guard);
        let _guard = other.0.lock().unwrap();
        assert!(length <= other.1.load(SeqCst), "characters that are gone are read");
    });
    let delete = thread::spawn(move || {
        let _guard = buffer.0.lock().unwrap();
        buffer.1.store(0, SeqCst);
    });
    join(vec![append, delete]);
}

/// Three threads take a lock and give it back, once each.
pub fn locks_3() {
    let lock = Arc::new(Mutex::new(()));
    let handles = (0..3)
        .map(|_| {
            let lock = lock.clone();
            thread::spawn(move || drop(lock.lock().unwrap()))
        })
        .collect();
    join(handles);
}

/// Four threads read a counter, and write it back.
pub fn lost_update_4() {
    let counter = variable(0);
    let handles = (0..4)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || counter.store(counter.load(SeqCst) + 1, SeqCst))
        })
        .collect();
    join(handles);
}
