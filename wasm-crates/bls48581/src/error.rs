//! Why something is refused.

use thiserror::Error;

/// Why bytes are not a point of the group (spec 10 section 1.2, strict rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Wrong number of bytes.
    #[error("{got} bytes where {expected} are required")]
    Length {
        /// Bytes of the encoding.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The first byte is neither 02 nor 03.
    #[error("leading byte {0:#04x} where 0x02 or 0x03 is required")]
    Tag(u8),
    /// A coefficient is not below the field modulus.
    #[error("a coefficient is not below the field modulus")]
    NotCanonical,
    /// No point of the curve has this x (or this x with this sign).
    #[error("no point of the curve has this x coordinate and sign")]
    NotOnCurve,
    /// The point is on the curve, outside the subgroup of order r.
    #[error("the point is outside the subgroup of prime order")]
    NotInSubgroup,
    /// The identity, which has no encoding and is never accepted.
    #[error("the identity is not a valid point")]
    Identity,
}

/// Why keys or signatures do not add up to a point (spec 10 sections 2.5, 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AggregateError {
    /// Nothing to add.
    #[error("nothing to aggregate")]
    Empty,
    /// The sum is the identity, which has no encoding.
    #[error("the sum is the identity, which has no encoding")]
    Identity,
}

/// Why bytes are not a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretKeyError {
    /// Wrong number of bytes.
    #[error("{got} bytes where {expected} are required")]
    Length {
        /// Bytes of the encoding.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The number is 0 modulo the group order.
    #[error("the secret key is zero modulo the group order")]
    Zero,
}
