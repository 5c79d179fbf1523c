//! Why bytes are no header, and why a header has no canonical bytes.

/// Bytes that are not the strict encoding of the message asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes, or more elements, than the limit of this field or message.
    #[error("{what} has {length} bytes or elements, at most {limit} are read")]
    TooLong {
        /// Field or message.
        what: &'static str,
        /// Length found.
        length: usize,
        /// Largest length read.
        limit: usize,
    },
    /// The bytes end inside a field.
    #[error("the bytes end inside {0}")]
    Truncated(&'static str),
    /// A variable-length integer with superfluous or too many bytes.
    #[error("a variable-length integer is not written in the shortest form")]
    Varint,
    /// Protobuf fields must come in number order, singular ones once.
    #[error("field {0} of {1} is repeated or out of order")]
    FieldOrder(u32, &'static str),
    /// A field number that the message does not have.
    #[error("{1} has no field {0}")]
    UnknownField(u32, &'static str),
    /// A field with a wire type that it cannot have.
    #[error("field {0} of {1} has the wrong wire type")]
    WireType(u32, &'static str),
    /// A zero or empty value is written although it must be left out.
    #[error("{0} is written although it is zero or empty")]
    DefaultWritten(&'static str),
    /// An integer does not fit its type.
    #[error("{what} is {value}, which does not fit its type")]
    Range {
        /// Field.
        what: &'static str,
        /// Value found.
        value: u64,
    },
    /// Canonical bytes of another message type.
    #[error("the type prefix is {got:08x}, not {expected:08x}")]
    Prefix {
        /// Prefix of the message asked for.
        expected: u32,
        /// Prefix found.
        got: u32,
    },
    /// A canonical field with a length that the layout excludes.
    #[error("{what} has {length} bytes or elements, the layout wants {wanted}")]
    Length {
        /// Field.
        what: &'static str,
        /// Length found.
        length: usize,
        /// Lengths allowed.
        wanted: &'static str,
    },
}

/// A header whose fields do not fit the canonical layout (spec 40 section 3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {length} bytes or elements, the canonical layout wants {wanted}")]
pub struct EncodeError {
    /// Field.
    pub what: &'static str,
    /// Its length.
    pub length: usize,
    /// Lengths allowed.
    pub wanted: &'static str,
}
