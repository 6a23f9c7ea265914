//! Texts that are no cards: order ids, parcels, phones, bank accounts and others, as shops write them.

use fastrand::Rng;

/// One kind of text.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The most that may be taken for cards, in percent.
    #[allow(dead_code, reason = "the example prints what is, not what may be")]
    pub(crate) most: f64,
    pub(crate) sample: fn(&mut Rng) -> String,
}

const fn shape(name: &'static str, sample: fn(&mut Rng) -> String) -> Shape {
    Shape { name, most: 0.5, sample }
}

const fn costly(name: &'static str, most: f64, sample: fn(&mut Rng) -> String) -> Shape {
    Shape { name, most, sample }
}

/// A text after a pattern: `#` is a digit, `@` an upper-case letter, `^` a digit but 0; the rest is itself.
fn like(rng: &mut Rng, pattern: &str) -> String {
    pattern
        .chars()
        .map(|c| match c {
            '#' => rng.digit(10),
            '^' => char::from(b'1' + rng.u8(..9)),
            '@' => rng.uppercase(),
            c => c,
        })
        .collect()
}

fn any_like(rng: &mut Rng, patterns: &[&str]) -> String {
    let pattern = patterns[rng.usize(..patterns.len())];
    like(rng, pattern)
}

fn digits(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.digit(10)).collect()
}

fn grouped(text: &str, size: usize, joint: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(joint)
}

/// Milliseconds since 1970, of the two years around November 2026.
fn milliseconds(rng: &mut Rng) -> u64 {
    rng.u64(1_764_000_000_000..1_812_000_000_000)
}

/// `YYYYMMDD`, of 2024 to 2028.
fn date(rng: &mut Rng) -> String {
    format!("{}{:02}{:02}", rng.u16(2024..=2028), rng.u8(1..=12), rng.u8(1..=28))
}

/// `HHMMSS`.
fn time(rng: &mut Rng) -> String {
    format!("{:02}{:02}{:02}", rng.u8(..24), rng.u8(..60), rng.u8(..60))
}

/// An id of a generator that counts milliseconds since its epoch above 22 bits (Twitter's scheme).
fn snowflake(rng: &mut Rng, epoch: u64) -> String {
    ((milliseconds(rng) - epoch) << 22 | rng.u64(..1 << 22)).to_string()
}

fn uuid(rng: &mut Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..) & !(0xf << 76) | 4 << 76);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn letters_and_digits(rng: &mut Rng, alphabet: &str, count: usize) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..count).map(|_| alphabet[rng.usize(..alphabet.len())]).collect()
}

const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The GS1 check digit, and the EAN with it.
fn gs1(number: String) -> String {
    let odd = |place: usize| if place.is_multiple_of(2) { 3 } else { 1 };
    let sum: u32 = number.bytes().rev().enumerate().map(|(place, b)| odd(place) * u32::from(b - b'0')).sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}

/// With the check digit of ISO/IEC 7812-1, as IMEI and ICCID have it.
fn luhn(number: String) -> String {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(
            |(place, b)| {
                if place.is_multiple_of(2) { doubled(u32::from(b - b'0')) } else { u32::from(b - b'0') }
            },
        )
        .sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}

/// Behind the GS1 prefix of a member organisation.
fn ean13(rng: &mut Rng) -> String {
    let assigned = [0..=13, 30..=37, 40..=50, 52..=54, 56..=57, 59..=62, 64..=64, 69..=77, 79..=91, 93..=96]
        .map(|range| range.collect::<Vec<_>>());
    let assigned = assigned.concat();
    let prefix = format!("{:02}", assigned[rng.usize(..assigned.len())]);
    gs1(format!("{prefix}{}", digits(rng, 10)))
}

/// An IBAN with its check digits (ISO 13616, ISO 7064).
fn iban(rng: &mut Rng, country: &str, pattern: &str) -> String {
    let account = like(rng, pattern);
    let rest = format!("{account}{country}00").bytes().fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    format!("{country}{:02}{account}", 98 - rest)
}

/// The countries of the Single Euro Payments Area, with their accounts as the IBAN registry has them; where letters may
/// stand in place of digits, as its example has them.
const IBANS: [(&str, &str); 37] = [
    ("AD", "########@#@#########"),
    ("AT", "################"),
    ("BE", "############"),
    ("BG", "@@@@##############"),
    ("CH", "#################"),
    ("CY", "########################"),
    ("CZ", "####################"),
    ("DE", "##################"),
    ("DK", "##############"),
    ("EE", "################"),
    ("ES", "####################"),
    ("FI", "##############"),
    ("FR", "##########@@#########@#"),
    ("GB", "@@@@##############"),
    ("GI", "@@@@###############"),
    ("GR", "#######################"),
    ("HR", "#################"),
    ("HU", "########################"),
    ("IE", "@@@@##############"),
    ("IS", "######################"),
    ("IT", "@######################"),
    ("LI", "#####@@#@@@@#####"),
    ("LT", "################"),
    ("LU", "################"),
    ("LV", "@@@@#############"),
    ("MC", "##########@@#########@#"),
    ("MT", "@@@@#####################@@"),
    ("NL", "@@@@##########"),
    ("NO", "###########"),
    ("PL", "########################"),
    ("PT", "#####################"),
    ("RO", "@@@@#@##############"),
    ("SE", "####################"),
    ("SI", "###############"),
    ("SK", "####################"),
    ("SM", "@######################"),
    ("VA", "##################"),
];

fn some_iban(rng: &mut Rng, of: &[(&str, &str)]) -> String {
    let (country, pattern) = of[rng.usize(..of.len())];
    iban(rng, country, pattern)
}

/// Phone numbers of 20 countries: international, and national as written there.
const PHONES: [(&str, &str); 20] = [
    ("+1 (^##) ###-####", "^##-###-####"),
    ("+44 7### ######", "07### ######"),
    ("+49 15# ########", "015#/########"),
    ("+33 6 ## ## ## ##", "06 ## ## ## ##"),
    ("+39 3## #######", "3## ### ####"),
    ("+34 6## ## ## ##", "6## ### ###"),
    ("+31 6 ########", "06-########"),
    ("+43 664 #######", "0664 #######"),
    ("+41 79 ### ## ##", "079 ### ## ##"),
    ("+45 ## ## ## ##", "## ## ## ##"),
    ("+46 70-### ## ##", "070-### ## ##"),
    ("+47 4## ## ###", "4## ## ###"),
    ("+48 5## ### ###", "5## ### ###"),
    ("+55 (11) 9####-####", "(11) 9####-####"),
    ("+52 55 #### ####", "55 #### ####"),
    ("+91 9#### #####", "9#########"),
    ("+86 13# #### ####", "13#########"),
    ("+81 90-####-####", "090-####-####"),
    ("+82 10-####-####", "010-####-####"),
    ("+61 4## ### ###", "04## ### ###"),
];

fn phone(rng: &mut Rng) -> String {
    let (international, national) = PHONES[rng.usize(..PHONES.len())];
    let pattern = if rng.bool() { international } else { national };
    like(rng, pattern)
}

/// The shapes. The costly ones, at the end, have as many digits as cards, and begin as issuers' numbers do.
pub(crate) const SHAPES: &[Shape] = &[
    shape("Snowflake, Twitter's epoch", |rng| snowflake(rng, 1_288_834_974_657)),
    shape("Snowflake, Discord's epoch", |rng| snowflake(rng, 1_420_070_400_000)),
    shape("Snowflake, epoch 2020", |rng| snowflake(rng, 1_577_836_800_000)),
    shape("Snowflake behind a prefix", |rng| format!("ORD{}", snowflake(rng, 1_288_834_974_657))),
    shape("ULID", |rng| format!("01J{}", letters_and_digits(rng, CROCKFORD, 23))),
    shape("NanoID", |rng| letters_and_digits(rng, ALPHANUMERIC, 21)),
    shape("KSUID", |rng| letters_and_digits(rng, ALPHANUMERIC, 27)),
    shape("UUID", uuid),
    shape("UUID, upper case", |rng| uuid(rng).to_uppercase()),
    shape("UUID as Idempotency-Key", |rng| format!("\"{}\"", uuid(rng))),
    shape("UUID behind a prefix", |rng| format!("order-{}", uuid(rng))),
    shape("UUID without dashes", |rng| uuid(rng).replace('-', "")),
    shape("MongoDB ObjectId", |rng| format!("67{:022x}", rng.u128(..1 << 88))),
    shape("SHA-256", |rng| format!("{:032x}{:032x}", rng.u128(..), rng.u128(..))),
    shape("X-Ray trace id", |rng| format!("1-6{:07x}-{:024x}", rng.u32(..1 << 28), rng.u128(..1 << 96))),
    shape("Stripe id", |rng| format!("pi_{}", letters_and_digits(rng, ALPHANUMERIC, 24))),
    shape("PayPal transaction", |rng| letters_and_digits(rng, CROCKFORD, 17)),
    shape("Salesforce id", |rng| format!("801{}", letters_and_digits(rng, ALPHANUMERIC, 15))),
    shape("seconds since 1970", |rng| (milliseconds(rng) / 1000).to_string()),
    shape("milliseconds since 1970", |rng| milliseconds(rng).to_string()),
    shape("microseconds since 1970", |rng| format!("{}{}", milliseconds(rng), digits(rng, 3))),
    shape("nanoseconds since 1970", |rng| format!("{}{}", milliseconds(rng), digits(rng, 6))),
    shape("ISO 8601, UTC", |rng| like(rng, "2026-1#-2#T1#:##:##.###Z")),
    shape("ISO 8601, basic", |rng| format!("{}T{}Z", date(rng), time(rng))),
    shape("ISO 8601, an interval", |rng| like(rng, "2026-0#-1#T0#:##:##+01:00/2027-0#-1#T0#:##:##+01:00")),
    shape("date, 6-digit sequence", |rng| date(rng) + &digits(rng, 6)),
    shape("date, 8-digit sequence", |rng| date(rng) + &digits(rng, 8)),
    shape("date-time, 2-digit sequence", |rng| date(rng) + &time(rng) + &digits(rng, 2)),
    shape("date-time, 5-digit sequence", |rng| date(rng) + &time(rng) + &digits(rng, 5)),
    shape("date-time-sequence with dashes", |rng| format!("{}-{}-{}", date(rng), time(rng), digits(rng, 4))),
    shape("date-sequence 8-8", |rng| format!("{}-{}", date(rng), digits(rng, 8))),
    shape("Amazon 3-7-7", |rng| like(rng, "11#-#######-#######")),
    shape("Amazon 3-7-7, any", |rng| like(rng, "###-#######-#######")),
    shape("Shopify order id", |rng| rng.u64(5_000_000_000_000..7_500_000_000_000).to_string()),
    shape("Shopify gid", |rng| {
        format!("gid://shopify/Order/{}", rng.u64(5_000_000_000_000..7_500_000_000_000))
    }),
    shape("eBay order", |rng| like(rng, "##-#####-#####")),
    shape("Etsy order", |rng| like(rng, "3#########")),
    shape("Magento order", |rng| like(rng, "0000######")),
    shape("prefix, year, sequence", |rng| format!("SO-{}-{}", rng.u16(2024..=2028), digits(rng, 6))),
    shape("prefix and 10 digits", |rng| like(rng, "ORD^#########")),
    shape("WeChat Pay, 28 digits", |rng| format!("42000{}{}{}", digits(rng, 5), date(rng), digits(rng, 10))),
    shape("Alipay, 28 digits", |rng| format!("{}22001{}", date(rng), digits(rng, 15))),
    shape("EAN-13", ean13),
    shape("GTIN-12 (UPC)", |rng| gs1(digits(rng, 11))),
    shape("ISBN-13, compact", |rng| gs1(format!("978{}", digits(rng, 9)))),
    shape("ISBN-13, with dashes", |rng| like(rng, "978-#-##-######-#")),
    shape("SSCC-18", |rng| gs1(digits(rng, 17))),
    shape("IMEI", |rng| luhn(format!("35{}", digits(rng, 12)))),
    shape("ICCID", |rng| luhn(format!("89{}", digits(rng, 16)))),
    shape("IBAN, compact", |rng| some_iban(rng, &IBANS)),
    shape("IBAN, spaced", |rng| grouped(&some_iban(rng, &IBANS), 4, " ")),
    shape("IBAN of CH, DK, FI, spaced", |rng| grouped(&some_iban(rng, &RISKY_IBANS), 4, " ")),
    shape("IBAN, with dashes", |rng| grouped(&some_iban(rng, &IBANS), 4, "-")),
    shape("creditor reference, spaced", |rng| {
        grouped(&some_iban(rng, &[("RF", "################")]), 4, " ")
    }),
    shape("Swiss QR reference", |rng| like(rng, "## ##### ##### ##### ##### #####")),
    shape("US routing and account", |rng| like(rng, "0######## ##########")),
    shape("UK sort code and account", |rng| like(rng, "##-##-## ########")),
    shape("DHL, 20 digits", |rng| format!("00340434{}", digits(rng, 12))),
    shape("DHL, 20 digits, spaced", |rng| grouped(&format!("00340434{}", digits(rng, 12)), 4, " ")),
    shape("DHL, JJD", |rng| like(rng, "JJD0########################")),
    shape("DHL, JD spaced", |rng| like(rng, "JD01 4600 #### #### ####")),
    shape("DHL Express, 10 digits", |rng| like(rng, "## #### ####")),
    shape("USPS, 22 digits", |rng| format!("9{}{}", rng.u8(2..=5), digits(rng, 20))),
    shape("USPS, 22 digits, spaced", |rng| {
        grouped(&format!("9{}{}", rng.u8(2..=5), digits(rng, 20)), 4, " ")
    }),
    shape("USPS with a ZIP, 30 digits", |rng| {
        format!("420{}9{}{}", digits(rng, 5), rng.u8(2..=5), digits(rng, 20))
    }),
    shape("FedEx, 12 digits", |rng| digits(rng, 12)),
    shape("FedEx, 4-4-4", |rng| like(rng, "#### #### ####")),
    shape("FedEx, 15 digits", |rng| digits(rng, 15)),
    shape("FedEx, 20 and 22 digits", |rng| {
        format!("61{}", any_like(rng, &["##################", "####################"]))
    }),
    shape("Hermes, 14 digits", |rng| digits(rng, 14)),
    shape("Hermes, H and 19 digits", |rng| like(rng, "H1###################")),
    shape("UPS", |rng| format!("1Z{}{}", letters_and_digits(rng, CROCKFORD, 6), digits(rng, 10))),
    shape("DPD, 14 digits", |rng| like(rng, "0#############")),
    shape("Royal Mail, S10", |rng| like(rng, "@@#########GB")),
    shape("Yamato, 4-4-4", |rng| like(rng, "####-####-####")),
    shape("SF Express", |rng| like(rng, "SF1############")),
    shape("phone", phone),
    shape("two phones", |rng| format!("{}, {}", phone(rng), phone(rng))),
    shape("two phones, one space between", |rng| format!("{} {}", phone(rng), phone(rng))),
    shape("two phones, one a line", |rng| format!("{}\n{}", phone(rng), phone(rng))),
    shape("phone and postcode", |rng| {
        format!("{}\n{}", phone(rng), any_like(rng, &["#####", "####", "###-####", "## ###"]))
    }),
    shape("postcode and phone", |rng| {
        format!("{} {}", any_like(rng, &["#####", "##-###", "######"]), phone(rng))
    }),
    shape("phone, 11 to 13 digits", |rng| {
        any_like(rng, &["1^##^######", "55119########", "4915########", "86138########", "919#########"])
    }),
    shape("phone, 13 digits", |rng| {
        any_like(rng, &["49151########", "55^^9########", "8613#########", "6281#########"])
    }),
    shape("phone with 00", |rng| {
        any_like(rng, &["0049 15# ########", "0044 7### ######", "00491# #########"])
    }),
    shape("ZIP+4 and phone", |rng| like(rng, "Las Vegas, NV ^####-#### ^##-###-####")),
    shape("ZIP+4 and phone, digits", |rng| like(rng, "^####-#### ^#########")),
    shape("German phone, line break, postcode", |rng| like(rng, "0^## ########\n^#### Berlin")),
    shape("German phone, compact, line break, postcode", |rng| like(rng, "015#########\n^####")),
    shape("Indian mobile and PIN", |rng| like(rng, "9######### ^#####")),
    shape("Indian mobile, line break, PIN", |rng| like(rng, "9#########\n^##### Mumbai")),
    shape("Aadhaar", |rng| format!("{}{}", rng.u8(2..=9), like(rng, "### #### ####"))),
    shape("Aadhaar, compact", |rng| format!("{}{}", rng.u8(2..=9), digits(rng, 11))),
    shape("CNPJ", |rng| like(rng, "##.###.###/0001-##")),
    shape("CPF", |rng| like(rng, "###.###.###-##")),
    shape("SSN and EIN", |rng| like(rng, "###-##-#### ##-#######")),
    shape("GPS", |rng| like(rng, "4#.######, -1##.######")),
    shape("IPv4 and port", |rng| {
        format!("{}.{}.{}.{}:{}", rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..), rng.u16(..))
    }),
    shape("IPv6", |rng| (0..8).map(|_| format!("{:x}", rng.u16(..))).collect::<Vec<_>>().join(":")),
    shape("four years", |rng| (0..4).map(|_| rng.u16(1950..=2099).to_string()).collect::<Vec<_>>().join(" ")),
    shape("US address", |rng| like(rng, "^### W ^#th St Apt ^##, Springfield, IL 6####-####")),
    shape("German address", |rng| like(rng, "Hauptstraße ^#, ^####\u{a0}Köln, Tel. 0221 / ######")),
    shape("Japanese address", |rng| like(rng, "〒###-####\u{3000}東京都港区#-#-##\u{3000}電話 03-####-####")),
    shape("13 random digits", |rng| digits(rng, 13)),
    shape("17 random digits", |rng| digits(rng, 17)),
    shape("18 random digits", |rng| digits(rng, 18)),
    shape("20 random digits", |rng| digits(rng, 20)),
    costly("16 random digits", 4.0, |rng| digits(rng, 16)),
    costly("16 random digits, 4-4-4-4", 4.0, |rng| like(rng, "#### #### #### ####")),
    costly("16 random digits, 4-4-4-4 with dashes", 4.0, |rng| like(rng, "####-####-####-####")),
    costly("16 random digits, 8-8", 4.0, |rng| like(rng, "########-########")),
    costly("19 random digits", 2.0, |rng| digits(rng, 19)),
    costly("GTIN-14, indicator 1 to 3", 1.5, |rng| {
        let (indicator, item) = (rng.u8(1..=3), ean13(rng));
        gs1(format!("{indicator}{}", &item[..12]))
    }),
    costly("IBAN of DK, FI, compact (16 digits)", 4.0, |rng| some_iban(rng, &RISKY_IBANS[1..])),
    costly("IBAN of CH, compact (19 digits)", 2.5, |rng| some_iban(rng, &RISKY_IBANS[..1])),
    costly("GPS, 14 decimals", 1.0, |rng| like(rng, "5#.##############,1#.##############")),
    costly("two phones of 8 digits, one space between", 4.0, |rng| {
        let pattern =
            any_like(rng, &["6", "8", "9"]) + "####### " + ["6", "8", "9"][rng.usize(..3)] + "#######";
        like(rng, &pattern)
    }),
    costly("two-digit year: YYMMDDHHMMSS, 4-digit sequence", 12.0, |rng| {
        let date = date(rng);
        date[2..].to_owned() + &time(rng) + &digits(rng, 4)
    }),
];

/// Compact, these are two letters and 19, 16 and 16 digits.
const RISKY_IBANS: [(&str, &str); 3] =
    [("CH", "#################"), ("DK", "##############"), ("FI", "##############")];
