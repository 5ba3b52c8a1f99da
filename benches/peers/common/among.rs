//! Whose turn it was in each run of the program `among_20`.

use std::sync::Mutex;

/// The run that is going on, turn by turn.
static TURNS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The runs that are over.
static RUNS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// It was the turn of this one.
pub fn took(name: u8) {
    TURNS.lock().unwrap().push(name);
}

/// The run is over.
pub fn ended() {
    let turns = std::mem::take(&mut *TURNS.lock().unwrap());
    RUNS.lock().unwrap().push(turns);
}

/// What runs came to.
pub fn told(make_runs: impl FnOnce()) -> Vec<Vec<u8>> {
    make_runs();
    std::mem::take(&mut *RUNS.lock().unwrap())
}
