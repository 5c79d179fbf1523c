//! Signatures: points of G1 (spec 10 sections 1.2, 2.5).

use crate::error::{AggregateError, DecodeError};
use crate::g1::{self, G1_BYTES, G1Affine, G1Projective};

/// A point of G1, tested.
#[derive(Clone, Debug)]
pub struct Signature {
    point: G1Affine,
}

impl Signature {
    /// Decodes 74 bytes, all strict rules.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            point: g1::decode(bytes)?,
        })
    }

    /// 74 bytes.
    pub fn to_bytes(&self) -> [u8; G1_BYTES] {
        g1::encode(&self.point)
    }

    /// The point.
    pub fn point(&self) -> &G1Affine {
        &self.point
    }
}

/// The sum of signatures; duplicates count twice (spec 10 section 2.5).
pub fn aggregate_signatures(signatures: &[Signature]) -> Result<Signature, AggregateError> {
    if signatures.is_empty() {
        return Err(AggregateError::Empty);
    }
    let sum = signatures
        .iter()
        .fold(G1Projective::IDENTITY, |sum, signature| {
            sum.add_affine(&signature.point)
        });
    sum.to_affine(true)
        .map(|point| Signature { point })
        .ok_or(AggregateError::Identity)
}
