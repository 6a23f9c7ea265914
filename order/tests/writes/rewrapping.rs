//! Moving a data key of the vault to another KMS key: only while the row has the data key that was moved.

use test_support::tables::VAULT;
use vault::{Rewrapped, Rewrapper, RewrapperSettings};

use crate::{
    crossing::Airlocks,
    rows::{Change, b, changed, s},
    world::ACCOUNT,
};

#[tokio::test]
async fn a_data_key_is_moved_while_the_row_has_it_and_nothing_else_of_the_row_changes() {
    let airlocks = Airlocks::start().await;
    let world = &airlocks.world;
    let tokenized = airlocks.tokenized(Some("12/30"), None).await;
    let token = tokenized.token.to_string();
    let row = tokenized.vault_put.put().unwrap().item().clone();
    let to = world.aws.endpoint.create_key("next", false).await.unwrap().arn;
    let rewrapper = Rewrapper::new(
        &world.config,
        RewrapperSettings {
            previous_vault_key_arn: airlocks.vault_key().to_owned(),
            vault_key_arn: to.clone(),
            vault_table: VAULT.into(),
            account: ACCOUNT.into(),
        },
    );
    world.have(VAULT, Some(&row)).await;
    let [seen] = rewrapper.page(None, 10).await.unwrap().rows.try_into().unwrap();
    for change in [Change::Gone, Change::Without("DataKey"), Change::With("DataKey", b(b"another"))] {
        world.forget_vault_row(&token).await;
        let changed = change.of(&row);
        if let Some(changed) = &changed {
            world.have(VAULT, Some(changed)).await;
        }
        assert_eq!(rewrapper.rewrap(&seen).await, Ok(Rewrapped::ChangedMeanwhile), "{change:?}");
        assert_eq!(world.vault_row(&token).await, changed, "{change:?}");
    }
    world.have(VAULT, Some(&row)).await;
    assert_eq!(rewrapper.rewrap(&seen).await, Ok(Rewrapped::Moved));
    let after = world.vault_row(&token).await.unwrap();
    assert_ne!(after["DataKey"], row["DataKey"]);
    let says = after["KeyMaterial"].as_s().unwrap();
    assert!(to.ends_with(says.split('/').next().unwrap()), "{says} is not of {to}");
    let moved = [("DataKey", after["DataKey"].clone()), ("KeyMaterial", s(says))];
    assert_eq!(after, changed(&row, moved, &[]));
}
