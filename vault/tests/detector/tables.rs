//! What the detector takes for cards, and which written cards it finds, as tables.

use std::{fmt::Write as _, thread};

use fastrand::Rng;
use vault::is_card_shaped;

use crate::{
    forms::{CARDS, JOINED, OTHERS, SURROUNDINGS, Write},
    shapes::{SHAPES, Shape},
};

/// Samples of each shape.
pub(crate) const SAMPLES: usize = 5_000;

/// How a shape fared.
pub(crate) struct Measured {
    pub(crate) shape: &'static Shape,
    pub(crate) example: String,
    pub(crate) refused: usize,
}

impl Measured {
    fn of(shape: &'static Shape) -> Self {
        // A seed of the shape's own, so that its samples stay when others come or go.
        let seed =
            shape.name.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let mut rng = Rng::with_seed(seed);
        let samples: Vec<String> = (0..SAMPLES).map(|_| (shape.sample)(&mut rng)).collect();
        let refused = samples.iter().filter(|text| is_card_shaped(text)).count();
        let example = samples.into_iter().find(|text| !is_card_shaped(text)).unwrap_or_default();
        Self { shape, example, refused }
    }

    pub(crate) fn percent(&self) -> f64 {
        self.refused as f64 * 100.0 / SAMPLES as f64
    }
}

/// Every shape, measured, in their order.
pub(crate) fn measured() -> Vec<Measured> {
    let half = SHAPES.len() / 2;
    thread::scope(|scope| {
        let first = scope.spawn(|| SHAPES[..half].iter().map(Measured::of).collect::<Vec<_>>());
        let second: Vec<_> = SHAPES[half..].iter().map(Measured::of).collect();
        first.join().unwrap().into_iter().chain(second).collect()
    })
}

/// How a written form fared, over every card and surrounding.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) example: String,
    pub(crate) texts: usize,
    pub(crate) missed: Vec<String>,
}

/// Every form, tried.
pub(crate) fn tried() -> Vec<Form> {
    let forms = OTHERS.iter().chain(JOINED).map(|(name, write)| {
        let written = || CARDS.iter().filter_map(|card| write(card));
        let texts = written()
            .flat_map(|card| SURROUNDINGS.iter().map(move |(_, around)| around.replace("{}", &card)));
        form(name, written().next().unwrap_or_default(), texts.collect())
    });
    forms.chain([two_in_a_row()]).collect()
}

/// The one form that is missed by the rule: nothing tells such a row from a longer number in groups of four.
pub(crate) const TWO_IN_A_ROW: &str = "two cards in fours, one space between";

fn two_in_a_row() -> Form {
    let spaced: Write = JOINED[0].1;
    let fours = CARDS.iter().filter(|card| card.len() == 16).filter_map(|card| spaced(card));
    let texts: Vec<_> = fours.map(|card| format!("{card} {card}")).collect();
    form(TWO_IN_A_ROW, texts[0].clone(), texts)
}

fn form(name: &'static str, example: String, texts: Vec<String>) -> Form {
    let missed = texts.iter().filter(|text| !is_card_shaped(text)).cloned().collect();
    Form { name, example, texts: texts.len(), missed }
}

/// The table of shapes, in Markdown.
pub(crate) fn shapes_table(measured: &[Measured]) -> String {
    let mut table = "| text | such as | refused |\n|---|---|---|\n".to_owned();
    for one in measured {
        let _ =
            writeln!(table, "| {} | `{}` | {:.2} % |", one.shape.name, shown(&one.example), one.percent());
    }
    table
}

/// The table of written forms, in Markdown.
pub(crate) fn forms_table(tried: &[Form]) -> String {
    let mut table = "| written | such as | texts | missed |\n|---|---|---|---|\n".to_owned();
    for form in tried {
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {} |",
            form.name,
            shown(&form.example),
            form.texts,
            form.missed.len()
        );
    }
    table
}

/// On one line, with what shows nothing or breaks a table spelled out.
fn shown(text: &str) -> String {
    text.chars().fold(String::new(), |mut shown, c| {
        match c {
            '|' => shown.push('¦'),
            '`' => shown.push('\''),
            c if c.is_control() || ['\u{ad}', '\u{200b}', '\u{200f}', '\u{2060}', '\u{a0}'].contains(&c) => {
                shown.extend(c.escape_unicode());
            }
            c => shown.push(c),
        }
        shown
    })
}
