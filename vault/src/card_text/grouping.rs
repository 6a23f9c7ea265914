//! Runs of digits that are a card, alone or grouped as cards are.

use super::{
    is_card,
    runs::{Gap, Run, Runs},
};

/// How card numbers of 12 to 19 digits are grouped: by fours, as American Express and Diners print theirs, and as
/// UnionPay does; in halves.
pub(super) const GROUPINGS: &[&[usize]] = &[
    &[4, 4, 4, 4],
    &[4, 4, 4, 4, 1],
    &[4, 4, 4, 4, 2],
    &[4, 4, 4, 4, 3],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4],
    &[4, 4, 4, 1],
    &[4, 4, 4, 2],
    &[4, 4, 4, 3],
    &[8, 8],
    &[6, 13],
];

/// The most digits of a phone number with its country code (ITU-T E.164).
const LONGEST_PHONE: usize = 15;

pub(super) fn holds_card(runs: &Runs) -> bool {
    runs.all().iter().enumerate().any(|(place, run)| {
        is_card_here(runs, run, run.length)
            || GROUPINGS.iter().any(|grouping| is_grouped_card(runs, place, run, grouping))
    })
}

fn is_grouped_card(runs: &Runs, place: usize, first: &Run, grouping: &[usize]) -> bool {
    let Some(group) = runs.all().get(place..place + grouping.len()) else { return false };
    let Some(joint) = group.get(1).map(|second| second.before).filter(|joint| *joint != Gap::Apart) else {
        return false;
    };
    group.iter().map(|run| run.length).eq(grouping.iter().copied())
        && group.iter().skip(1).all(|run| run.before == joint)
        && (grouping.len() > 2 || joint.is_narrow())
        && is_card_here(runs, first, grouping.iter().sum())
        && !goes_on_before(place.checked_sub(1).and_then(|before| runs.all().get(before)), first, joint)
        && !goes_on_behind(runs, place + grouping.len(), joint)
}

fn is_card_here(runs: &Runs, first: &Run, length: usize) -> bool {
    let is_phone = first.after_plus && length <= LONGEST_PHONE;
    !is_phone && is_card(runs.digits(first, length))
}

/// Another group of four, or an IBAN's check digits.
fn goes_on_before(before: Option<&Run>, first: &Run, joint: Gap) -> bool {
    first.before == joint
        && before.is_some_and(|before| before.length == 4 || before.length == 2 && before.after_letter)
}

/// Another group, unless it is something that people write after a card number: its expiry, its CVV, or the start of
/// another text, such as a phone number or a postcode.
fn goes_on_behind(runs: &Runs, place: usize, joint: Gap) -> bool {
    let Some(next) = runs.all().get(place).filter(|next| next.before == joint) else { return false };
    let after = runs.all().get(place + 1);
    match next.length {
        1 | 3 => after.is_some_and(|after| after.before == joint),
        2 => !(is_month(runs, next) && after.is_some_and(is_year)),
        4 => !is_month(runs, next),
        _ => false,
    }
}

/// Whether a run begins with a month in two digits.
fn is_month(runs: &Runs, run: &Run) -> bool {
    matches!(runs.digits(run, 2), [0, 1..=9] | [1, 0..=2])
}

/// A year in two or four digits, after its month.
fn is_year(run: &Run) -> bool {
    run.before != Gap::Apart && matches!(run.length, 2 | 4)
}
