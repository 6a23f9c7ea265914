//! `card-airlock token`.

use std::io::Write;

use clap::{Args, builder::NonEmptyStringValueParser};

use super::CliError;

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user to sign in as. The same name is always the same owner of orders.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(super) user: String,
    /// A group of the user, such as `billing`. You can give it several times.
    #[arg(long = "group", value_name = "GROUP", value_parser = group)]
    pub(super) groups: Vec<String>,
}

/// Functions get the groups as one string with commas between them.
fn group(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.contains(|c: char| c == ',' || c.is_whitespace()) {
        Err("the name of a group must not be empty, and must not have a comma or a space")
    } else {
        Ok(name.to_owned())
    }
}

/// Prints the token and nothing else.
pub(super) fn print(args: &TokenArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let token = crate::sign_in::of_this_user()?.token(&args.user, &args.groups)?;
    writeln!(out, "{token}")?;
    Ok(())
}
