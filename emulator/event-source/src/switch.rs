//! Turning a mapping off and on while it runs: `Enabled` of Lambda's `UpdateEventSourceMapping`.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether a mapping works, by the names that Lambda's `State` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingState {
    /// It was turned on, and begins with its next action.
    Enabling,
    /// It reads and invokes.
    Enabled,
    /// It was turned off, and an action may still be under way.
    Disabling,
    /// It does nothing, and keeps its place.
    Disabled,
}

/// The mapping has not finished the change before. Lambda answers `ResourceInUseException`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mapping is still being changed")]
pub struct ChangeUnderWay;

/// The switch of one mapping, also while it runs. Cloning shares it.
#[derive(Debug, Clone)]
pub struct MappingSwitch(Arc<watch::Sender<MappingState>>);

impl Default for MappingSwitch {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(MappingState::Enabled)))
    }
}

impl MappingSwitch {
    /// What the mapping is about.
    #[must_use]
    pub fn state(&self) -> MappingState {
        *self.0.borrow()
    }

    /// Turns the mapping on or off. It follows after the action that is under way, and goes on where it stopped.
    ///
    /// # Errors
    /// When it has not followed the change before.
    pub fn set(&self, is_on: bool) -> Result<MappingState, ChangeUnderWay> {
        let mut asked = Err(ChangeUnderWay);
        self.0.send_if_modified(|state| {
            let before = *state;
            asked = match (before, is_on) {
                (MappingState::Enabling | MappingState::Disabling, _) => Err(ChangeUnderWay),
                (MappingState::Enabled, false) => Ok(MappingState::Disabling),
                (MappingState::Disabled, true) => Ok(MappingState::Enabling),
                (same, _) => Ok(same),
            };
            *state = asked.unwrap_or(before);
            before != *state
        });
        asked
    }

    /// Follows what was asked, between two actions, and tells whether the mapping is to work.
    pub(crate) fn settle(&self) -> bool {
        self.0.send_if_modified(|state| {
            let before = *state;
            *state = match before {
                MappingState::Enabling => MappingState::Enabled,
                MappingState::Disabling => MappingState::Disabled,
                settled => settled,
            };
            before != *state
        });
        self.state() == MappingState::Enabled
    }

    /// Completes when somebody uses the switch.
    pub(crate) async fn used(&self) {
        let mut states = self.0.subscribe();
        let is_asked =
            |state: &MappingState| matches!(state, MappingState::Enabling | MappingState::Disabling);
        // The sender is here: it cannot be gone.
        let _ = states.wait_for(is_asked).await;
    }
}
