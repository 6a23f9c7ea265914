//! Rows of the AWS sample's vault: written by the DynamoDB Encryption Client (Python, dynamodb-encryption-sdk 3.3.0).
//!
//! The client derives two keys from a data key of KMS: one encrypts an attribute (AES-256-CBC), the other signs the row
//! (HMAC-SHA-256). The KMS encryption context names table, token and account, and the signature names the table. So a
//! row is opened in this order, and no step is made before the one above it has passed:
//!
//! 1. the row's form and its material description: no call was made so far;
//! 2. KMS decrypts the data key in the row's own context. It must come first, because the key of the signature is
//!    derived from it. It is what binds the account, which the signature does not cover;
//! 3. the signature, in constant time;
//! 4. the text. CBC tells who asks often enough what is in it (a padding oracle): so nothing is decrypted that is not
//!    signed, and all that can be wrong from here on is one error.
//!
//! docs/ddbec.md has the format. <https://github.com/aws/aws-dynamodb-encryption-python>

mod content;
mod description;
mod error;
mod keys;
mod row;
#[cfg(test)]
mod sample;
mod signature;
#[cfg(test)]
mod tests;

pub use error::ImportRowError;
pub(crate) use row::{SampleRow, SignedRow};
