//! Scenarios: the programs of an asyncio guide, and a gallery of concurrency bugs.
//!
//! A scenario is one file and one line in [`SCENARIOS`].

#![forbid(unsafe_code)]

pub mod asyncio;
mod gallery;
mod guide;
pub mod real;

use unpick::cli::Scenario;

/// Every scenario, in reading order.
pub const SCENARIOS: &[Scenario] = &[
    guide::hello::SCENARIO,
    guide::gather::SCENARIO,
    guide::producer_consumer::SCENARIO,
    guide::timeout::SCENARIO,
    guide::counter::SCENARIO,
    guide::semaphore::SCENARIO,
    guide::future::SCENARIO,
    gallery::lost_update::SCENARIO,
    gallery::lost_cache_fill::SCENARIO,
    gallery::single_flight::SCENARIO,
    gallery::double_checked::SCENARIO,
    gallery::conditional_write::SCENARIO,
    gallery::dropped_read_lock::SCENARIO,
    gallery::wrong_lock::SCENARIO,
    gallery::aba::SCENARIO,
    gallery::rate_limiter::SCENARIO,
    gallery::opposite_locks::SCENARIO,
    gallery::dining_philosophers::SCENARIO,
    gallery::semaphore_twice::SCENARIO,
    gallery::lock_and_callback::SCENARIO,
    gallery::futurelock::SCENARIO,
    gallery::abandoned_waiter::SCENARIO,
    gallery::buffered_stream::SCENARIO,
    gallery::wrong_side_notified::SCENARIO,
    gallery::missed_notify::SCENARIO,
    gallery::unheard_shutdown::SCENARIO,
    gallery::barrier_reuse::SCENARIO,
    gallery::stale_waker::SCENARIO,
    gallery::writer_starves::SCENARIO,
    gallery::stop_while_in_use::SCENARIO,
    gallery::unordered_shutdown::SCENARIO,
    gallery::dropped_handle::SCENARIO,
    gallery::outlived_scope::SCENARIO,
    gallery::pool_leak::SCENARIO,
    gallery::permit_leak::SCENARIO,
    gallery::half_read_frame::SCENARIO,
    gallery::late_success::SCENARIO,
    gallery::retry_storm::SCENARIO,
    gallery::forgotten_task_done::SCENARIO,
    gallery::poison_item::SCENARIO,
    gallery::two_phase_commit::SCENARIO,
    gallery::leader_lease::SCENARIO,
];
