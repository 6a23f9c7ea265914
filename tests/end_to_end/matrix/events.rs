//! The bus refuses an event by itself, and the queue takes it.

use card_airlock_services::{FaultKind, When};

use super::{
    faults::{End, Stage},
    operators::Parking,
    steps::accepted,
};
use crate::simulation::world::{WORKER, World};

fn refuse_events(world: &World, role: &str) {
    world.fault(role, Some("PutEvents"), FaultKind::EntriesRefused, When::Always);
}

/// An order goes across.
pub(super) struct EventRefused;

impl Stage for EventRefused {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
    }

    async fn go(&self, world: &mut World, _: &str) {
        refuse_events(world, "NotifyRole");
        world.settle().await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// An order is parked.
pub(super) struct EndRefused;

impl Stage for EndRefused {
    async fn begin(&self, world: &mut World, order: &str) {
        Parking.begin(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        refuse_events(world, WORKER);
        Parking.go(world, order).await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}
