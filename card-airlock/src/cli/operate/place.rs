//! Which stack a command is for.

use clap::Args;

use crate::operations::{AccessError, Place, StackAccess};

#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArgs {
    /// A running `up`, by its AWS endpoint's port on 127.0.0.1.
    #[arg(long, default_value_t = 4566, conflicts_with = "stack")]
    aws_port: u16,
    /// A deployed stack, by its name, in place of a running `up`.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The region of the deployed stack, if it is not the profile's.
    #[arg(long, requires = "stack")]
    region: Option<String>,
    /// The profile of your AWS configuration, if it is not the default one.
    #[arg(long, requires = "stack")]
    profile: Option<String>,
}

impl PlaceArgs {
    pub(super) async fn open(&self) -> Result<StackAccess, AccessError> {
        StackAccess::open(self.place()).await
    }

    fn place(&self) -> Place {
        match &self.stack {
            None => Place::Up { aws_url: format!("http://127.0.0.1:{}", self.aws_port) },
            Some(stack) => Place::Account {
                stack: stack.clone(),
                region: self.region.clone(),
                profile: self.profile.clone(),
            },
        }
    }
}
