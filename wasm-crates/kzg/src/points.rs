//! Points on the wire.

use bls48581::DecodeError;
use bls48581::g1::{self, G1Affine};

use crate::error::KzgError;
use crate::{Commitment, IDENTITY};

/// A commitment as a point of G1; `None` is the identity, the commitment of the all-zero vector.
pub type Point = Option<G1Affine>;

/// 74 bytes; the identity as the reference writes it (hazard H-06).
#[must_use]
pub fn encode(point: &Point) -> Commitment {
    point.as_ref().map_or(IDENTITY, g1::encode)
}

/// The point of a commitment that this node made itself (a stored branch, about to be updated):
/// without the subgroup test, and [`IDENTITY`] is the identity. Not for what a peer sends.
///
/// # Errors
/// `Point` when the bytes are no point of the curve.
pub fn decode_own(bytes: &Commitment) -> Result<Point, KzgError> {
    if *bytes == IDENTITY {
        return Ok(None);
    }
    g1::decode_on_curve(bytes)
        .map(Some)
        .map_err(|cause| KzgError::Point {
            what: "commitment",
            cause,
        })
}

/// Strict decoding: length, tag, x below p, on the curve, in the subgroup of order r. The encoding of
/// the identity falls to the last rule.
pub(crate) fn decode(what: &'static str, bytes: &[u8]) -> Result<G1Affine, KzgError> {
    g1::decode(bytes).map_err(|cause| KzgError::Point { what, cause })
}

/// A slot value: exactly 64 bytes.
pub(crate) fn value(bytes: &[u8]) -> Result<&crate::Slot, KzgError> {
    bytes
        .try_into()
        .map_err(|_| KzgError::ValueLength(bytes.len()))
}

/// Exactly 74 bytes.
pub(crate) fn exact<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a Commitment, KzgError> {
    let cause = DecodeError::Length {
        expected: bls48581::G1_BYTES,
        got: bytes.len(),
    };
    bytes
        .try_into()
        .map_err(|_| KzgError::Point { what, cause })
}
