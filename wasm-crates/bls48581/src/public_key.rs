//! Public keys: points of G2 (spec 10 sections 1.2, 2.5).

use std::sync::OnceLock;

use crate::error::{AggregateError, DecodeError};
use crate::g2::{self, G2_BYTES, G2Affine, G2Projective};
use crate::pairing::Prepared;

/// A point of G2, tested. Keeps the lines of its Miller loop after the first verification (46 KB).
#[derive(Debug)]
pub struct PublicKey {
    point: G2Affine,
    lines: OnceLock<Option<Prepared>>,
}

impl Clone for PublicKey {
    fn clone(&self) -> Self {
        Self {
            point: self.point,
            lines: self.lines.clone(),
        }
    }
}

impl PublicKey {
    /// Decodes 585 bytes, all strict rules.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self::from_group_point(g2::decode(bytes)?))
    }

    /// Decodes as [`PublicKey::from_bytes`] and prepares the lines at once: the subgroup test is a part
    /// of the preparation.
    pub fn from_bytes_prepared(bytes: &[u8]) -> Result<Self, DecodeError> {
        let point = g2::decode_on_curve(bytes)?;
        let lines = Prepared::of(&point).ok_or(DecodeError::NotInSubgroup)?;
        Ok(Self {
            point,
            lines: OnceLock::from(Some(lines)),
        })
    }

    /// The key of a point that is known to be in G2.
    pub(crate) fn from_group_point(point: G2Affine) -> Self {
        Self {
            point,
            lines: OnceLock::new(),
        }
    }

    /// 585 bytes.
    pub fn to_bytes(&self) -> [u8; G2_BYTES] {
        g2::encode(&self.point)
    }

    /// The point.
    pub fn point(&self) -> &G2Affine {
        &self.point
    }

    /// The lines of the Miller loop, prepared on first use.
    pub(crate) fn lines(&self) -> Option<&Prepared> {
        self.lines
            .get_or_init(|| Prepared::of(&self.point))
            .as_ref()
    }
}

/// The sum of keys, whatever their number of signatures; duplicates count twice (spec 10 section 2.5).
/// Only keys with a proof of possession may be added up (hazard CH-6).
pub fn aggregate_keys(keys: &[PublicKey]) -> Result<PublicKey, AggregateError> {
    aggregate_key_refs(keys.iter())
}

/// As [`aggregate_keys`], for keys that lie apart.
pub fn aggregate_key_refs<'a>(
    keys: impl IntoIterator<Item = &'a PublicKey>,
) -> Result<PublicKey, AggregateError> {
    let sum = keys
        .into_iter()
        .fold(None, |sum: Option<G2Projective>, key| {
            Some(sum.map_or(key.point.to_projective(), |sum| sum.add_affine(&key.point)))
        });
    let sum = sum.ok_or(AggregateError::Empty)?;
    sum.to_affine(true)
        .map(PublicKey::from_group_point)
        .ok_or(AggregateError::Identity)
}
