//! The check digit of card numbers (ISO/IEC 7812-1, annex B: the Luhn formula).

/// Whether digit values 0 to 9, last digit first, end in a right check digit.
pub(crate) fn passes(digits_from_the_last: impl Iterator<Item = u8>) -> bool {
    let sum: u32 = digits_from_the_last
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            // The sum of the double's two digits, or ten more: only the last digit of the whole sum counts.
            (_, digit) => digit * 2 + digit / 5,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::passes;

    fn luhn(number: &str) -> bool {
        passes(number.bytes().rev().map(|b| b - b'0'))
    }

    #[test]
    fn any_single_wrong_digit_fails() {
        let number = "4539148803436467";
        assert!(luhn(number));
        for place in 0..number.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = number.as_bytes().to_vec();
                if wrong[place] == digit {
                    continue;
                }
                wrong[place] = digit;
                assert!(!luhn(std::str::from_utf8(&wrong).unwrap()));
            }
        }
    }

    #[test]
    fn the_samples_zeros_pass() {
        assert!(luhn("0000000000000000"));
    }
}
