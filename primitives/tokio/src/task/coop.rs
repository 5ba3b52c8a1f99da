//! Cooperative scheduling. Tasks of a run have no budget: they give way where a schedule says.

pub use tokio::task::coop::*;

use crate::inside::is_inside;

/// Gives way if the budget of tokio's task is used up; inside of a run, a point at which another
/// task may come in between.
///
/// # Cancel safety
/// Dropping it has no effect.
pub async fn consume_budget() {
    if is_inside() {
        unpick_sim::step().await;
    } else {
        tokio::task::coop::consume_budget().await;
    }
}
