//! Prints what the detector of card numbers takes for cards, and which written cards it finds: the tables of
//! docs/detector.md.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program that prints tables, of constants of its own"
)]

#[path = "../tests/detector/forms.rs"]
mod forms;
#[path = "../tests/detector/shapes.rs"]
mod shapes;
#[path = "../tests/detector/tables.rs"]
mod tables;

fn main() {
    println!("{}", tables::shapes_table(&tables::measured()));
    println!("{}", tables::forms_table(&tables::tried()));
}
