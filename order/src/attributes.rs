//! The one list of every stored attribute: its type, how it is protected, and which requests name it. Projections and
//! REMOVE lists are made from it. The attribute lists of template.yaml's policies, the tables of docs/data-model.md and
//! the tampering of `tests/end_to_end/promise_5.rs` are tested against it.

use std::{collections::HashMap, fmt};

use Access::{
    AppendLink, CheckForgotten, CheckImported, CountDetokenization, DeleteForgotten, DeleteHalves,
    DeleteRetired, ExpiryRemoves, ForgetInQuarantine, MarkForgotten, MoveDataKey, Park, Pay, ReadAcceptance,
    ReadAudit, ReadCard, ReadCardKeyIds, ReadCardKeys, ReadDataKeys, ReadForPayment, ReadForUpkeep,
    ReadForgotten, ReadHeldCard, ReadImported, ReadOverview, ReadPrivateHalf, ReadPublicHalves, ReadStanding,
    ReadStatus, ReadToOpen, ReadView, RecordDetokenization, RecordSettlement, ReplaceCard,
    ReplacementRemoves, Settle, WriteUpkeep,
};
use Kind::{B, BOOL, L, M, N, S, SS};
use Protection::{Authenticated, Checked, Derived, Free};

/// An attribute of a table.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name as stored.
    pub name: &'static str,
    /// Its DynamoDB type.
    pub kind: Kind,
    /// How its value is bound to the card.
    pub protection: Protection,
    /// The requests that name it.
    pub named_by: &'static [Access],
}

/// A DynamoDB type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// String.
    S,
    /// Number.
    N,
    /// Binary.
    B,
    /// True or false.
    BOOL,
    /// List.
    L,
    /// Map.
    M,
    /// Set of strings.
    SS,
}

/// What happens when somebody alters the attribute in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Bound to the sealed card: the card does not open.
    Authenticated,
    /// Derived from the card: refused when the card is opened.
    Derived,
    /// Compared with another row: the order does not cross.
    Checked,
    /// Not bound to the card: the order still crosses and is still paid.
    Free,
}

/// A request that names attributes, and so needs each of them in the statement of its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Ingest reads a quarantine row without its card.
    ReadView,
    /// Paybill reads the status of a quarantine row.
    ReadStanding,
    /// Forget reads whether a quarantine row holds a card.
    ReadHeldCard,
    /// Replay and operators list the quarantine.
    ReadForUpkeep,
    /// The worker parks a row, makes it wait, or ends it.
    Park,
    /// Replay re-arms, parks or expires a row.
    WriteUpkeep,
    /// Forget expires a row.
    ForgetInQuarantine,
    /// A change that ends a card in quarantine removes these.
    ExpiryRemoves,
    /// Ingest reads a clean order.
    ReadStatus,
    /// Paybill reads a clean order with its payments.
    ReadForPayment,
    /// Paybill claims, settles or releases a payment.
    Pay,
    /// Forget reads which card an order has.
    ReadCard,
    /// Forget marks an order's card as forgotten.
    MarkForgotten,
    /// Replay reads by which acceptance an order came across.
    ReadAcceptance,
    /// The sweep reads whether an order's card was forgotten.
    ReadForgotten,
    /// The worker drops a row on condition that its order's card was forgotten.
    CheckForgotten,
    /// The worker replaces the card of an order.
    ReplaceCard,
    /// Replacing a card removes these, the declined payment; so does an operator who found out that a payment was not
    /// charged.
    ReplacementRemoves,
    /// Import reads a clean order without its payments.
    ReadImported,
    /// Import takes a number out of its source on condition that the order still has that card.
    CheckImported,
    /// Operators list clean orders and their payments.
    ReadOverview,
    /// Operators settle a payment of which nobody knows.
    Settle,
    /// Paybill reads a vault row.
    ReadToOpen,
    /// The worker deletes the vault row of a card that was replaced.
    DeleteRetired,
    /// Forget deletes a vault row.
    DeleteForgotten,
    /// Rewrap lists the vault's wrapped data keys.
    ReadDataKeys,
    /// Rewrap puts another wrapping of a data key in its place.
    MoveDataKey,
    /// Paybill counts a detokenization.
    CountDetokenization,
    /// Paybill records a detokenization.
    RecordDetokenization,
    /// Operators read the audit.
    ReadAudit,
    /// Operators record that they settled a payment.
    RecordSettlement,
    /// Card-key-maker lists the card keys.
    ReadCardKeys,
    /// Ingest reads which card keys are accepted.
    ReadCardKeyIds,
    /// Card-key-maker deletes the halves of a card key.
    DeleteHalves,
    /// Card-keys lists the public halves.
    ReadPublicHalves,
    /// The worker reads a wrapped private half.
    ReadPrivateHalf,
    /// The witness appends a link to a chain.
    AppendLink,
}

impl Access {
    /// The statements of template.yaml that allow it, each as policy and `Sid`.
    #[must_use]
    pub fn statements(self) -> &'static [(&'static str, &'static str)] {
        match self {
            ReadView => &[("IngestPolicy", "ReadQuarantineStatus"), ("ImportPolicy", "ReadQuarantineStatus")],
            ReadStanding => &[("PaybillPolicy", "ReadQuarantineStatus")],
            ReadHeldCard => &[("ForgetPolicy", "ReadQuarantineStatus")],
            ReadForUpkeep => &[("ReplayPolicy", "ListQuarantine"), ("OperatorRead", "ListQuarantine")],
            Park => &[("TokenizeWorkerPolicy", "ParkWaitOrEnd")],
            WriteUpkeep => &[("ReplayPolicy", "RearmParkOrExpire")],
            ForgetInQuarantine => &[("ForgetPolicy", "ForgetInQuarantine")],
            ExpiryRemoves => &[
                ("ReplayPolicy", "RearmParkOrExpire"),
                ("ForgetPolicy", "ForgetInQuarantine"),
                ("TokenizeWorkerPolicy", "ParkWaitOrEnd"),
            ],
            ReadStatus => &[("IngestPolicy", "ReadCleanStatus")],
            ReadForPayment => &[("PaybillPolicy", "ReadACleanOrder")],
            Pay => &[("PaybillPolicy", "RecordAPayment")],
            ReadCard => &[("ForgetPolicy", "ReadCleanStatus")],
            MarkForgotten => &[("ForgetPolicy", "MarkAsForgotten")],
            ReadAcceptance | ReadForgotten => &[("ReplayPolicy", "SeeWhetherAnOrderIsAcross")],
            CheckForgotten => &[("TokenizeWorkerPolicy", "CheckWhetherForgotten")],
            ReplaceCard => &[("TokenizeWorkerPolicy", "ReplaceACard")],
            ReplacementRemoves => {
                &[("TokenizeWorkerPolicy", "ReplaceACard"), ("OperatorSettle", "SettleAPayment")]
            }
            ReadImported => &[("ImportPolicy", "ReadACleanOrder")],
            CheckImported => &[("ImportPolicy", "CheckTheCard")],
            ReadOverview => &[("OperatorRead", "ListOrders")],
            Settle => &[("OperatorSettle", "SettleAPayment")],
            ReadToOpen => &[("PaybillPolicy", "ReadAVaultRow")],
            DeleteRetired => &[("TokenizeWorkerPolicy", "RetireACard")],
            DeleteForgotten => &[("ForgetPolicy", "ForgetInTheVault")],
            ReadDataKeys => &[("RewrapPolicy", "ListDataKeys")],
            MoveDataKey => &[("RewrapPolicy", "MoveADataKey")],
            CountDetokenization => &[("PaybillPolicy", "CountADetokenization")],
            RecordDetokenization => &[("PaybillPolicy", "RecordADetokenization")],
            ReadAudit => &[("OperatorRead", "ReadTheAudit")],
            RecordSettlement => &[("OperatorSettle", "RecordASettlement")],
            ReadCardKeyIds => &[("IngestPolicy", "ReadCardKeyIds")],
            ReadCardKeys => &[("CardKeyMakerPolicy", "ListCardKeys")],
            DeleteHalves => &[("CardKeyMakerPolicy", "DeleteThePrivateHalf")],
            ReadPublicHalves => &[("CardKeysPolicy", "ListPublicHalves")],
            AppendLink => &[("WitnessPolicy", "AddALink")],
            ReadPrivateHalf => &[("TokenizeWorkerPolicy", "ReadACardKey")],
        }
    }
}

/// A table with its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its logical id in template.yaml.
    pub logical_id: &'static str,
    /// Every attribute that a row of it may have.
    pub attributes: &'static [Attribute],
}

const fn attribute(
    name: &'static str,
    kind: Kind,
    protection: Protection,
    named_by: &'static [Access],
) -> Attribute {
    Attribute { name, kind, protection, named_by }
}

/// Accepted orders with their sealed cards.
pub const QUARANTINE: Table = Table {
    logical_id: "OrderQuarantineTable",
    attributes: &[
        attribute(
            "CustomerOrder",
            S,
            Authenticated,
            &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep, Park, WriteUpkeep, ForgetInQuarantine],
        ),
        attribute("CustomerName", S, Free, &[ReadView, ExpiryRemoves]),
        attribute("Address", S, Free, &[ReadView, ExpiryRemoves]),
        attribute("Owner", S, Authenticated, &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep]),
        attribute(
            "AcceptanceId",
            S,
            Authenticated,
            &[ReadView, ReadHeldCard, ReadForUpkeep, Park, WriteUpkeep, ForgetInQuarantine],
        ),
        attribute("AcceptedAt", S, Free, &[ReadView, ReadForUpkeep]),
        attribute("ArmedAt", S, Free, &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep, WriteUpkeep]),
        attribute("FirstArmedAt", S, Free, &[ReadForUpkeep, WriteUpkeep]),
        attribute(
            "ArmAfter",
            S,
            Free,
            &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep, Park, WriteUpkeep],
        ),
        attribute("TakenUp", N, Free, &[ReadForUpkeep, WriteUpkeep]),
        attribute("TakenUpBeside", SS, Free, &[ReadForUpkeep, WriteUpkeep]),
        attribute("TakenUpAlone", N, Free, &[ReadForUpkeep, WriteUpkeep]),
        attribute("Suspected", N, Free, &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep, WriteUpkeep]),
        attribute("SealedCard", B, Authenticated, &[ExpiryRemoves]),
        attribute("DataKey", B, Authenticated, &[ExpiryRemoves]),
        attribute("KeyBatchId", S, Authenticated, &[ExpiryRemoves]),
        attribute("CardLast4", S, Derived, &[ReadView]),
        attribute("CardBrand", S, Derived, &[ReadView]),
        attribute("CardJweDigest", B, Derived, &[ReadView]),
        attribute("Replaces", S, Checked, &[ReadView, ReadStanding]),
        attribute("OrderAmount", N, Free, &[ReadView]),
        attribute("OrderCurrency", S, Free, &[ReadView]),
        attribute(
            "Status",
            S,
            Free,
            &[ReadView, ReadStanding, ReadHeldCard, ReadForUpkeep, Park, WriteUpkeep, ForgetInQuarantine],
        ),
        attribute(
            "FailureReason",
            S,
            Free,
            &[ReadView, ReadForUpkeep, Park, WriteUpkeep, ForgetInQuarantine],
        ),
        attribute(
            "Attempt",
            N,
            Free,
            &[ReadView, ReadHeldCard, ReadForUpkeep, Park, WriteUpkeep, ForgetInQuarantine],
        ),
        attribute("Deadline", N, Free, &[ReadForUpkeep]),
        attribute("ExpiresAt", N, Free, &[]),
    ],
};

/// Cards under their tokens.
pub const VAULT: Table = Table {
    logical_id: "CreditCardTokenizerTable",
    attributes: &[
        attribute(
            "Hash_Key",
            S,
            Authenticated,
            &[ReadToOpen, DeleteRetired, DeleteForgotten, ReadDataKeys, MoveDataKey],
        ),
        attribute(
            "Account_Id",
            S,
            Authenticated,
            &[ReadToOpen, DeleteRetired, DeleteForgotten, ReadDataKeys, MoveDataKey],
        ),
        attribute("CandidateString", B, Authenticated, &[ReadToOpen]),
        attribute("DataKey", B, Authenticated, &[ReadToOpen, ReadDataKeys, MoveDataKey]),
        attribute("KeyMaterial", S, Free, &[ReadDataKeys, MoveDataKey]),
        attribute("CreatedAt", S, Free, &[]),
        attribute("ExpiresAt", N, Free, &[ReadToOpen]),
    ],
};

/// Clean orders and their payments.
pub const CLEAN: Table = Table {
    logical_id: "CustomerOrderTable",
    attributes: &[
        attribute(
            "CustomerOrder",
            S,
            Authenticated,
            &[
                ReadStatus,
                ReadForPayment,
                Pay,
                ReadCard,
                MarkForgotten,
                ReadAcceptance,
                ReadForgotten,
                CheckForgotten,
                ReplaceCard,
                ReadOverview,
                Settle,
                ReadImported,
                CheckImported,
            ],
        ),
        attribute("CustomerName", S, Free, &[ReadStatus, ReadForPayment, ReadImported]),
        attribute("Address", S, Free, &[ReadStatus, ReadForPayment, ReadImported]),
        attribute(
            "CreditCardToken",
            S,
            Authenticated,
            &[ReadStatus, ReadForPayment, ReadCard, MarkForgotten, ReplaceCard, ReadImported],
        ),
        attribute("CardLast4", S, Derived, &[ReadStatus, ReadForPayment, ReplaceCard, ReadImported]),
        attribute("CardBrand", S, Derived, &[ReadStatus, ReadForPayment, ReplaceCard, ReadImported]),
        attribute("CardJweDigest", B, Free, &[ReadStatus, ReplaceCard, ReadImported]),
        attribute(
            "Owner",
            S,
            Authenticated,
            &[
                ReadStatus,
                ReadForPayment,
                ReadCard,
                ReadForgotten,
                CheckForgotten,
                ReplaceCard,
                ReadOverview,
                ReadImported,
            ],
        ),
        attribute(
            "AcceptanceId",
            S,
            Authenticated,
            &[
                ReadStatus,
                ReadForPayment,
                ReadAcceptance,
                ReplaceCard,
                ReadOverview,
                ReadImported,
                CheckImported,
            ],
        ),
        attribute(
            "AcceptedAt",
            S,
            Free,
            &[ReadStatus, ReadForPayment, ReplaceCard, ReadOverview, ReadImported],
        ),
        attribute(
            "TokenizedAt",
            S,
            Free,
            &[ReadStatus, ReadForPayment, Pay, ReplaceCard, ReadOverview, ReadImported],
        ),
        attribute("CardExpiresAt", N, Free, &[ReadStatus, ReadForPayment, ReplaceCard, ReadImported]),
        attribute(
            "CardForgottenAt",
            S,
            Free,
            &[
                ReadStatus,
                ReadForPayment,
                Pay,
                ReadCard,
                MarkForgotten,
                ReadForgotten,
                CheckForgotten,
                ReplaceCard,
                ReadOverview,
                ReadImported,
                CheckImported,
            ],
        ),
        attribute(
            "CardReplacedAt",
            S,
            Free,
            &[ReadStatus, ReadForPayment, ReplaceCard, ReadOverview, ReadImported],
        ),
        attribute("OrderAmount", N, Free, &[ReadStatus, ReadForPayment, ReadOverview, ReadImported]),
        attribute("OrderCurrency", S, Free, &[ReadStatus, ReadForPayment, ReadOverview, ReadImported]),
        attribute(
            "PaymentStatus",
            S,
            Free,
            &[
                ReadStatus,
                ReadForPayment,
                Pay,
                ReadCard,
                MarkForgotten,
                ReplaceCard,
                ReplacementRemoves,
                ReadOverview,
                Settle,
            ],
        ),
        attribute("PaymentId", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle]),
        attribute(
            "PaymentAmount",
            N,
            Free,
            &[ReadStatus, ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle],
        ),
        attribute(
            "PaymentCurrency",
            S,
            Free,
            &[ReadStatus, ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle],
        ),
        attribute(
            "PaymentStartedAt",
            S,
            Free,
            &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle],
        ),
        attribute("PaymentSettledAt", S, Free, &[Pay, ReplacementRemoves, ReadOverview, Settle]),
        attribute("ClaimId", S, Free, &[ReadForPayment, Pay, ReadOverview]),
        attribute("ClaimedUntil", S, Free, &[ReadForPayment, Pay, ReadOverview]),
        attribute("PaymentProfile", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute("PaymentProfileDigest", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute("PaymentOrigin", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute("PaymentAccount", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute("PaymentPayer", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute("PaymentObject", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview]),
        attribute(
            "ProcessorReference",
            S,
            Free,
            &[ReadStatus, ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle],
        ),
        attribute("LookedUpAt", S, Free, &[ReadForPayment, Pay, ReplacementRemoves, ReadOverview, Settle]),
        attribute("HardDeclines", SS, Free, &[ReadStatus, ReadForPayment, Pay, ReplaceCard]),
        attribute("CardHasExpiry", BOOL, Free, &[ReadStatus, ReadForPayment, Pay, ReplaceCard]),
        attribute("PaymentHistory", L, Free, &[ReadStatus, ReadForPayment, Pay, ReadOverview]),
        attribute("PaymentKeys", M, Free, &[ReadForPayment, Pay]),
    ],
};

/// Who took which card out of the vault, and how many in a minute: audit items and counters.
pub const AUDIT: Table = Table {
    logical_id: "DetokenizeAuditTable",
    attributes: &[
        attribute(
            "Principal",
            S,
            Free,
            &[CountDetokenization, RecordDetokenization, ReadAudit, RecordSettlement],
        ),
        attribute("At", S, Free, &[CountDetokenization, RecordDetokenization, ReadAudit, RecordSettlement]),
        attribute("CustomerOrder", S, Free, &[RecordDetokenization, ReadAudit, RecordSettlement]),
        attribute("CreditCardToken", S, Free, &[RecordDetokenization]),
        attribute("Purpose", S, Free, &[RecordDetokenization, ReadAudit, RecordSettlement]),
        attribute("PaymentId", S, Free, &[RecordDetokenization, ReadAudit, RecordSettlement]),
        attribute("ProcessorReference", S, Free, &[ReadAudit, RecordSettlement]),
        attribute("Uses", N, Free, &[CountDetokenization]),
        attribute("ExpiresAt", N, Free, &[CountDetokenization]),
    ],
};

/// The keys that clients encrypt cards to.
pub const CARD_KEYS: Table = Table {
    logical_id: "CardKeyTable",
    attributes: &[
        attribute(
            "Kid",
            S,
            Authenticated,
            &[ReadCardKeys, ReadCardKeyIds, DeleteHalves, ReadPublicHalves, ReadPrivateHalf],
        ),
        attribute("PublicKey", B, Free, &[ReadPublicHalves, DeleteHalves]),
        attribute("WrappedPrivateKey", B, Authenticated, &[ReadPrivateHalf, DeleteHalves]),
        attribute("CreatedAt", N, Free, &[]),
        attribute("AcceptedUntil", N, Free, &[ReadCardKeys, ReadCardKeyIds, ReadPublicHalves]),
        attribute("OpenedUntil", N, Free, &[ReadCardKeys, DeleteHalves]),
    ],
};

/// What the witness saw of the audit: chains of hashes.
pub const WITNESS: Table = Table {
    logical_id: "AuditWitnessTable",
    attributes: &[
        attribute("Chain", S, Free, &[AppendLink]),
        attribute("Number", N, Free, &[AppendLink]),
        attribute("Version", N, Free, &[AppendLink]),
        attribute("PreviousHash", B, Free, &[AppendLink]),
        attribute("WitnessedAt", S, Free, &[AppendLink]),
        attribute("Entries", L, Free, &[AppendLink]),
    ],
};

/// Every table.
pub const TABLES: [Table; 6] = [QUARANTINE, VAULT, CLEAN, AUDIT, WITNESS, CARD_KEYS];

impl Table {
    /// Whether the table has an attribute of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// The names that a request names, in the order of the list.
    pub fn named_by(&self, access: Access) -> impl Iterator<Item = &'static str> {
        let named = self.attributes.iter().filter(move |attribute| attribute.named_by.contains(&access));
        named.map(|attribute| attribute.name)
    }

    /// What a request names, as an expression lists it: each by a placeholder, for a name may be a reserved word
    /// of DynamoDB's.
    pub(crate) fn list(&self, access: Access) -> List {
        let names: Vec<_> = self.named_by(access).collect();
        List {
            expression: names.iter().map(|name| format!("#{name}")).collect::<Vec<_>>().join(", "),
            placeholders: names.into_iter().map(|name| (format!("#{name}"), name.to_owned())).collect(),
        }
    }
}

/// Attributes as an expression lists them, and what its placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) expression: String,
    pub(crate) placeholders: HashMap<String, String>,
}

impl List {
    /// The same, but of one attribute only the part at a path.
    pub(crate) fn narrowed_to(self, name: &str, path: &str) -> Self {
        let expression = self.expression.replace(&format!("#{name}"), &format!("#{name}{path}"));
        Self { expression, ..self }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_each_attribute_by_a_placeholder() {
        let list = QUARANTINE.list(ReadStanding);
        assert_eq!(
            list.expression,
            "#CustomerOrder, #Owner, #ArmedAt, #ArmAfter, #Suspected, #Replaces, #Status"
        );
        assert_eq!(list.placeholders.len(), 7);
        assert!(list.placeholders.iter().all(|(placeholder, name)| *placeholder == format!("#{name}")));
    }

    #[test]
    fn only_a_part_of_an_attribute_can_be_read() {
        let list = CLEAN.list(ReadStatus).narrowed_to("PaymentHistory", "[4].PaymentId");
        assert!(list.expression.ends_with(", #PaymentHistory[4].PaymentId"), "{list:?}");
    }

    #[test]
    fn no_table_lists_an_attribute_twice() {
        for table in TABLES {
            let names: std::collections::BTreeSet<_> = table.attributes.iter().map(|it| it.name).collect();
            assert_eq!(names.len(), table.attributes.len(), "{}", table.logical_id);
        }
    }
}
