//! Which published tests are not run, and why.

use crate::Place;

/// Files that cannot be built against anything but tokio, or that have nothing to be run here.
const FILES: &[(&str, &str)] = &[
    ("macros_rename_test", "it is about a tokio of another name"),
    ("sync_emscripten_blocking", "it is for another target"),
    ("task_emscripten", "it is for another target"),
    ("task_hooks", "it needs `--cfg tokio_unstable`"),
    ("task_builder", "it needs `--cfg tokio_unstable`"),
    ("task_trace_self", "it needs `--cfg tokio_unstable`"),
    ("task_trace_wake", "it needs `--cfg tokio_unstable`"),
    ("time_alt", "it needs `--cfg tokio_unstable`"),
    ("time_wasm", "it is for another target"),
];

/// What a test's text says of it: the first that fits counts.
const INSIDE: &[(&str, &str)] = &[
    ("thread::", "it starts threads"),
    ("Runtime::new", "it makes a runtime and blocks on it"),
    ("runtime::Builder", "it makes a runtime and blocks on it"),
    ("Builder::new", "it makes a runtime and blocks on it"),
    ("block_on", "it blocks on a future"),
    ("blocking_", "it blocks the thread"),
    ("rng_seed", "it seeds tokio's own generator"),
    ("= rt()", "it makes a runtime and blocks on it"),
    ("rt_combinations", "it makes a runtime and blocks on it"),
    ("TcpListener", "it needs sockets"),
    ("UdpSocket", "it needs sockets"),
    ("UnixDatagram", "it needs sockets"),
    ("std::time::Instant::now", "it measures wall-clock time"),
    ("io::empty", "tasks of a run have no budget of cooperative scheduling, and it loops"),
    ("test_panic", "it looks at where outside of a run something panics"),
];

/// Tests that make a runtime and block on it, and that say the same if they await instead.
const AWAITING: &[&str] = &[
    "sync_once_cell::get_or_init",
    "sync_once_cell::get_or_init_panic",
    "sync_once_cell::get_or_try_init",
    "sync_once_cell::set_and_get",
    "sync_once_cell::set_while_initializing",
    "task_abort::test_abort_task_that_panics_on_drop_contained",
    "task_abort::test_abort_task_that_panics_on_drop_returned",
    "task_abort::test_abort_wakes_task_3964",
    "task_abort::test_abort_without_panic_3157",
    "task_abort::test_join_error_debug",
    "task_abort::test_join_error_display",
    "task_id::task_try_id_inside_block_on",
    "task_join_set::runtime_gone",
    "task_local_set::drop_cancels_tasks",
    "task_local_set::enter_guard_spawn",
    "time_rt::timeout_value",
    "time_rt::timer_with_current_thread_scheduler",
];

/// Whether a test is run that awaits where it blocks on a future.
pub(crate) fn may_await(test: &str) -> bool {
    AWAITING.contains(&test)
}

/// Why a file is not run at all, if it is not.
pub(crate) fn file(file: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == file).map(|&(_, why)| why)
}

/// Why a test with this text is not run, if it is not.
pub(crate) fn test(place: Place, text: &str) -> Option<&'static str> {
    if place == Place::Outside {
        return None;
    }
    INSIDE.iter().find(|(word, _)| text.contains(word)).map(|&(_, why)| why)
}

/// Tests that stay as they are and are known not to hold, with what they need.
pub(crate) fn known(place: Place, test: &str) -> Option<&'static str> {
    let known: &[(&str, &str)] = match place {
        Place::Outside => OUTSIDE_KNOWN,
        Place::Inside => INSIDE_KNOWN,
    };
    known.iter().find(|(name, _)| *name == test).map(|&(_, why)| why)
}

const OUTSIDE_KNOWN: &[(&str, &str)] = &[];

const NO_BUDGET: &str = "tasks of a run have no budget of cooperative scheduling";
const ORDER: &str = "it takes for granted that tasks run in the order of spawning";
const NO_RUNTIME: &str = "it is about what is there without a runtime, and a run is one";
const IN_PLACE: &str = "inside of a run `block_in_place` runs its closure on any task";
const BLOCKS: &str = "it makes a runtime and blocks on it";

const INSIDE_KNOWN: &[(&str, &str)] = &[
    ("coop_budget::test_has_budget_remaining", NO_BUDGET),
    ("join_handle_panic::test_panics_do_not_propagate_when_dropping_join_handle", UNHEARD),
    ("macros_select::select_is_budget_aware", NO_BUDGET),
    ("macros_test::*", "it is about tokio's attributes"),
    ("sync_broadcast::receiver_recv_is_cooperative", NO_BUDGET),
    ("sync_mpsc::recv_timeout_panic", NO_RUNTIME),
    ("sync_mutex::mutex_coop_drop_after_take_permit", NO_BUDGET),
    ("sync_mutex::mutex_fifo_with_coop_budget", NO_BUDGET),
    ("sync_once_cell::get_or_init", ORDER),
    ("sync_once_cell::get_or_init_panic", ORDER),
    ("sync_once_cell::get_or_try_init", ORDER),
    ("sync_once_cell::set_while_initializing", ORDER),
    ("sync_watch::receiver_changed_is_cooperative", NO_BUDGET),
    ("sync_watch::receiver_changed_is_cooperative_ok", NO_BUDGET),
    ("sync_watch::receiver_wait_for_is_cooperative", NO_BUDGET),
    ("sync_watch::receiver_wait_for_is_cooperative_ok", NO_BUDGET),
    ("sync_watch::sender_closed_is_cooperative", NO_BUDGET),
    ("task_abort::test_abort_task_that_panics_on_drop_contained", UNHEARD),
    ("task_blocking::no_block_in_current_thread_scheduler", IN_PLACE),
    ("task_join_set::join_set_coop", NO_BUDGET),
    ("task_join_set::spawn_local::local_runtime::spawn_then_drop", LOCAL),
    ("task_join_set::spawn_local::local_runtime::spawn_then_join_next", LOCAL),
    ("task_join_set::spawn_local::local_runtime::spawn_then_shutdown", LOCAL),
    ("task_local_set::block_in_place_cases::block_in_place_in_run_until_ct", IN_PLACE),
    ("task_local_set::block_in_place_cases::block_in_place_in_run_until_mt", IN_PLACE),
    ("task_local_set::block_in_place_cases::block_in_place_in_spawn_local_ct", IN_PLACE),
    ("task_local_set::block_in_place_cases::block_in_place_in_spawn_local_drop_ct", IN_PLACE),
    ("task_local_set::block_in_place_cases::block_in_place_in_spawn_local_drop_mt", IN_PLACE),
    ("task_local_set::block_in_place_cases::block_in_place_in_spawn_local_mt", IN_PLACE),
    ("task_local_set::local_tasks_are_polled_after_tick", BLOCKS),
    ("task_local_set::local_threadpool_blocking_run", "it looks at which thread a closure is on"),
    ("time_pause::pause_time_in_main_threads", NO_PAUSE),
    ("time_pause::pause_time_in_spawn_threads", NO_PAUSE),
    ("time_pause::paused_time_is_deterministic", BLOCKS),
    ("time_sleep::creating_sleep_outside_of_context", NO_RUNTIME),
];

const UNHEARD: &str = "inside of a run a panic that nobody awaits is a finding";
const LOCAL: &str = "inside of a run there is no `LocalRuntime`";
const NO_PAUSE: &str = "inside of a run time can be paused anywhere";
