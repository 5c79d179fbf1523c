//! Why something is refused.

use thiserror::Error;

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// Wrong number of bytes.
    #[error("{what}: {got} bytes where {expected} are required")]
    Length {
        /// Which argument.
        what: &'static str,
        /// The lengths that are accepted, in words.
        expected: &'static str,
        /// Bytes given.
        got: usize,
    },
    /// The bytes are not the canonical encoding of a point.
    #[error("the bytes are not the canonical encoding of a point")]
    NotAPoint,
    /// The neutral point, where a key or a shared secret is needed.
    #[error("the neutral point is neither a key nor a shared secret")]
    Identity,
    /// A scalar that is 0 modulo the group order, where a key or something invertible is needed.
    #[error("the scalar is 0 modulo the group order")]
    Zero,
    /// An empty message, which the simple signature does not allow.
    #[error("the message is empty")]
    EmptyMessage,
}

/// The bytes as an array, or the error that names the argument.
pub(crate) fn exact<const N: usize>(
    what: &'static str,
    expected: &'static str,
    bytes: &[u8],
) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Length {
        what,
        expected,
        got: bytes.len(),
    })
}
