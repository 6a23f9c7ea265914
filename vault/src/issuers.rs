//! The issuers' table: the prefixes of each issuer (issuer identification numbers, ISO/IEC 7812-1), and the lengths of
//! its numbers. The brand and the detector of card numbers both read it.
//!
//! Each line names its source:
//!
//! - W: Wikipedia, "Payment card number", section "Issuer identification number (IIN)", November 2026
//! - B: github.com/braintree/credit-card-type, `src/lib/card-types.ts`, commit 0bac61c (what PayPal's forms accept)
//! - C: github.com/renatovico/bin-cc (collected by Brazilian shops; Elo and Hipercard publish no list)
//!
//! Where the sources differ in length, a length that no known issuer uses is left out: each length in the table
//! makes a tenth of all ids of that prefix and length look like cards.

use crate::brand::CardBrand::{
    self, Amex, Dankort, Diners, Discover, Elo, Hipercard, Jcb, Maestro, Mastercard, Mir, RuPay, Troy,
    UnionPay, Verve, Visa,
};

/// The prefixes from `low` to `high`, which have the same number of digits, belong to one brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) brand: CardBrand,
    pub(crate) low: u32,
    pub(crate) high: u32,
    /// How many digits numbers with these prefixes have.
    pub(crate) lengths: &'static [usize],
}

/// The most digits of a prefix in the table.
pub(crate) const LONGEST_PREFIX: usize = 6;

const fn line(brand: CardBrand, low: u32, high: u32, lengths: &'static [usize]) -> Line {
    Line { brand, low, high, lengths }
}

/// The table as it is now.
pub(crate) const ISSUERS: &[Line] = &[
    line(Visa, 4, 4, &[16, 19]),                  // W, B
    line(Mastercard, 51, 55, &[16]),              // W, B
    line(Mastercard, 2221, 2720, &[16]),          // W, B
    line(Amex, 34, 34, &[15]),                    // W, B
    line(Amex, 37, 37, &[15]),                    // W, B
    line(Diners, 300, 305, &[14, 16]),            // W, B
    line(Diners, 3095, 3095, &[14, 16]),          // W
    line(Diners, 36, 36, &[14, 16]),              // W, B
    line(Diners, 38, 39, &[14, 16]),              // W, B
    line(Discover, 6011, 6011, &[16, 19]),        // W, B
    line(Discover, 644, 649, &[16, 19]),          // W, B
    line(Discover, 65, 65, &[16, 19]),            // W, B
    line(Jcb, 3528, 3589, &[16, 19]),             // W, B
    line(UnionPay, 62, 62, &[16, 19]),            // W, B
    line(UnionPay, 81, 81, &[16, 19]),            // W, B
    line(Mir, 2200, 2204, &[16, 19]),             // W, B
    line(RuPay, 60, 60, &[16]),                   // W
    line(RuPay, 82, 82, &[16]),                   // W
    line(RuPay, 508, 508, &[16]),                 // W
    line(RuPay, 6521, 6522, &[16]),               // W
    line(Elo, 401_178, 401_179, &[16]),           // B, C
    line(Elo, 431_274, 431_274, &[16]),           // B, C
    line(Elo, 438_935, 438_935, &[16]),           // B, C
    line(Elo, 451_416, 451_416, &[16]),           // B, C
    line(Elo, 457_393, 457_393, &[16]),           // B, C
    line(Elo, 457_631, 457_632, &[16]),           // B, C
    line(Elo, 504_175, 504_175, &[16]),           // B, C
    line(Elo, 506_699, 506_778, &[16]),           // B, C
    line(Elo, 509_000, 509_999, &[16]),           // B, C
    line(Elo, 627_780, 627_780, &[16]),           // B, C
    line(Elo, 636_297, 636_297, &[16]),           // B, C
    line(Elo, 636_368, 636_369, &[16]),           // C; B has 636368
    line(Elo, 650_031, 650_033, &[16]),           // B, C
    line(Elo, 650_035, 650_051, &[16]),           // B, C
    line(Elo, 650_405, 650_439, &[16]),           // B, C
    line(Elo, 650_485, 650_538, &[16]),           // B, C
    line(Elo, 650_541, 650_598, &[16]),           // B, C
    line(Elo, 650_700, 650_718, &[16]),           // B, C
    line(Elo, 650_720, 650_727, &[16]),           // B, C
    line(Elo, 650_901, 650_978, &[16]),           // B; C ends at 650920
    line(Elo, 651_652, 651_679, &[16]),           // B, C
    line(Elo, 655_000, 655_019, &[16]),           // B, C
    line(Elo, 655_021, 655_058, &[16]),           // B, C
    line(Hipercard, 606_282, 606_282, &[16, 19]), // B; C has 19 too
    line(Hipercard, 384_100, 384_199, &[16, 19]), // C: 384100, 384140, 384160
    line(Verve, 506_099, 506_198, &[16, 18, 19]), // W; B has parts of it
    line(Verve, 507_865, 507_964, &[16, 18, 19]), // W; B has parts of it
    line(Verve, 650_002, 650_027, &[16, 18, 19]), // W
    line(Troy, 9792, 9792, &[16]),                // W
    line(Dankort, 5019, 5019, &[16]),             // W
    line(Maestro, 5018, 5018, EVERY_LENGTH),      // W
    line(Maestro, 5020, 5020, EVERY_LENGTH),      // W
    line(Maestro, 5038, 5038, EVERY_LENGTH),      // W
    line(Maestro, 5893, 5893, EVERY_LENGTH),      // W
    line(Maestro, 6304, 6304, EVERY_LENGTH),      // W
    line(Maestro, 6759, 6759, EVERY_LENGTH),      // W
    line(Maestro, 6761, 6763, EVERY_LENGTH),      // W
    line(Maestro, 50, 50, &[16]), // W, B; at every length they would refuse a tenth of many countries' EAN-13
    line(Maestro, 56, 58, &[16]), // W, B
    line(Maestro, 63, 63, &[16]), // W, B
    line(Maestro, 67, 67, &[16]), // W, B
];

/// The lengths of card numbers in ISO/IEC 7812-1 that card schemes use.
const EVERY_LENGTH: &[usize] = &[12, 13, 14, 15, 16, 17, 18, 19];

/// The table of the first release, of which only the brands were kept with cards: stored brands may be its brands.
/// Never changed.
pub(crate) const FIRST_ISSUERS: &[Line] = &[
    line(Visa, 4, 4, &[]),
    line(Mastercard, 51, 55, &[]),
    line(Mastercard, 2221, 2720, &[]),
    line(Mir, 2200, 2204, &[]),
    line(Amex, 34, 34, &[]),
    line(Amex, 37, 37, &[]),
    line(Jcb, 3528, 3589, &[]),
    line(Diners, 300, 305, &[]),
    line(Diners, 3095, 3095, &[]),
    line(Diners, 36, 36, &[]),
    line(Diners, 38, 39, &[]),
    line(Discover, 6011, 6011, &[]),
    line(Discover, 644, 649, &[]),
    line(Discover, 65, 65, &[]),
    line(UnionPay, 62, 62, &[]),
    line(UnionPay, 81, 81, &[]),
    line(Maestro, 56, 58, &[]),
    line(RuPay, 508, 508, &[]),
    line(RuPay, 60, 60, &[]),
    line(RuPay, 82, 82, &[]),
    line(Troy, 9792, 9792, &[]),
    line(Maestro, 63, 63, &[]),
    line(Maestro, 67, 67, &[]),
    line(Maestro, 50, 50, &[]),
];

impl Line {
    /// The number of digits of its prefixes.
    pub(crate) fn width(&self) -> usize {
        self.low.ilog10() as usize + 1
    }
}

/// The line of a number, given as digit values 0 to 9, first digit first: of the lines that match, the one with the
/// longest prefix.
pub(crate) fn line_of(table: &[Line], digits: impl Iterator<Item = u8>) -> Option<&Line> {
    let mut prefixes = [None; LONGEST_PREFIX];
    let mut value = 0;
    for (slot, digit) in prefixes.iter_mut().zip(digits) {
        value = value * 10 + u32::from(digit);
        *slot = Some(value);
    }
    let matches = |line: &&Line| {
        prefixes
            .get(line.width() - 1)
            .copied()
            .flatten()
            .is_some_and(|prefix| (line.low..=line.high).contains(&prefix))
    };
    table.iter().filter(matches).max_by_key(|line| line.width())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lines_prefixes_have_one_width_and_no_two_lines_of_a_width_overlap() {
        for table in [ISSUERS, FIRST_ISSUERS] {
            for (place, line) in table.iter().enumerate() {
                assert_eq!(line.low.ilog10(), line.high.ilog10(), "{line:?}");
                assert!(line.low <= line.high && line.width() <= LONGEST_PREFIX, "{line:?}");
                for other in table.iter().skip(place + 1).filter(|other| other.width() == line.width()) {
                    assert!(line.high < other.low || other.high < line.low, "{line:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        for (number, brand) in [
            ("38", Diners),
            ("3841", Diners),
            ("384099", Diners),
            ("384100", Hipercard),
            ("384199", Hipercard),
            ("384200", Diners),
            ("60", RuPay),
            ("6011", Discover),
            ("606281", RuPay),
            ("606282", Hipercard),
            ("50", Maestro),
            ("508", RuPay),
            ("5019", Dankort),
            ("506098", Maestro),
            ("506099", Verve),
            ("506198", Verve),
            ("506699", Elo),
            ("506779", Maestro),
            ("65", Discover),
            ("6521", RuPay),
            ("6522", RuPay),
            ("6523", Discover),
            ("650027", Verve),
            ("650028", Discover),
            ("650034", Discover),
            ("650035", Elo),
            ("506778", Elo),
            ("655020", Discover),
            ("655021", Elo),
            ("655058", Elo),
            ("655059", Discover),
        ] {
            let line = line_of(ISSUERS, number.bytes().map(|b| b - b'0'));
            assert_eq!(line.map(|line| line.brand), Some(brand), "{number}");
        }
    }
}
