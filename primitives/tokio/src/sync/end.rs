//! The ends of channels, as the engine knows them.

use std::sync::Arc;

use unpick_sim::probe::{Access, Object, is_inside_run};

/// An end of a channel. Dropping it tells that the end is dropped, so that in each end it stands
/// before tokio's.
pub(super) struct End {
    pub(super) object: Arc<Object>,
    /// What dropping it is called.
    name: &'static str,
}

impl End {
    pub(super) const fn sender(object: Arc<Object>) -> End {
        End { object, name: "drop sender" }
    }

    pub(super) const fn receiver(object: Arc<Object>) -> End {
        End { object, name: "drop receiver" }
    }
}

impl Clone for End {
    fn clone(&self) -> End {
        End { object: self.object.clone(), name: self.name }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if is_inside_run() {
            self.object.immediate(self.name, Access::Change);
            self.object.publish();
        }
    }
}
