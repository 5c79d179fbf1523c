//! A multiproof and its plain form (spec 20 section 6).

use crate::Commitment;
use crate::error::KzgError;

/// Bytes of the plain form.
pub const MULTIPROOF_BYTES: usize = 2 * (4 + crate::COMMITMENT_BYTES);

/// The pair that opens any number of statements. The points are not decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiproof {
    /// D, the multicommitment.
    pub multicommitment: Commitment,
    /// The opening of the combined polynomial at t.
    pub proof: Commitment,
}

impl Multiproof {
    /// `u32 74 || D || u32 74 || proof`.
    #[must_use]
    pub fn to_plain(&self) -> [u8; MULTIPROOF_BYTES] {
        let mut out = [0; MULTIPROOF_BYTES];
        for (part, point) in out
            .chunks_mut(MULTIPROOF_BYTES / 2)
            .zip([&self.multicommitment, &self.proof])
        {
            let (length, body) = part.split_at_mut(4);
            length.copy_from_slice(&(crate::COMMITMENT_BYTES as u32).to_be_bytes());
            body.copy_from_slice(point);
        }
        out
    }

    /// Reads the plain form. Whatever follows the two fields is ignored: the current release of the
    /// reference appends an empty list (hazard H-07).
    ///
    /// # Errors
    /// `Encoding` when the bytes end early or a field is not 74 bytes long.
    pub fn from_plain(bytes: &[u8]) -> Result<Self, KzgError> {
        let (multicommitment, rest) = field(bytes)?;
        let (proof, _) = field(rest)?;
        Ok(Self {
            multicommitment,
            proof,
        })
    }
}

fn field(bytes: &[u8]) -> Result<(Commitment, &[u8]), KzgError> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(KzgError::Encoding)?;
    let (point, rest) = rest.split_first_chunk().ok_or(KzgError::Encoding)?;
    if u32::from_be_bytes(*length) as usize == crate::COMMITMENT_BYTES {
        Ok((*point, rest))
    } else {
        Err(KzgError::Encoding)
    }
}
