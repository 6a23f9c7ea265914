//! Text that a client or processor sends and a table stores: it is checked when it arrives, and later read by its form.
//!
//! Each such type has two constructors and no other. `accept` checks what a client or a processor sends, by all rules
//! of this release. `stored` reads what an earlier release may have accepted under other rules: it checks only
//! the form, which never becomes narrower. So a stricter rule does not make a stored row unreadable.

/// Makes serde read a type by `stored`, so that a deserializer never applies the rules of `accept`. serde's own error would quote the text.
macro_rules! read_as_stored {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::stored(text)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not a stored ", stringify!($name))))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

pub(crate) use read_as_stored;
