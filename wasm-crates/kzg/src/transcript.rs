//! The two Fiat-Shamir challenges of a multiproof (spec 20 section 6).

use bls48581::public_scalar::PublicScalar;
use sha3::{Digest, Sha3_512};

use crate::{Commitment, Slot};

/// What pads a value to the 73 bytes of a scalar.
const SCALAR_PADDING: [u8; 9] = [0; 9];

/// A digest as an integer; 512 bits are below r.
fn challenge(digest: Sha3_512) -> PublicScalar {
    PublicScalar::from_bytes(&digest.finalize()).unwrap_or(PublicScalar::ZERO)
}

/// rho, over all commitments, then all values padded to 73 bytes, then all indices little-endian.
pub(crate) fn rho<'a>(
    statements: impl Iterator<Item = (&'a Commitment, &'a Slot, u64)> + Clone,
) -> PublicScalar {
    let mut hash = Sha3_512::new();
    for (commitment, _, _) in statements.clone() {
        hash.update(commitment);
    }
    for (_, value, _) in statements.clone() {
        hash.update(SCALAR_PADDING);
        hash.update(value);
    }
    for (_, _, index) in statements {
        hash.update(index.to_le_bytes());
    }
    challenge(hash)
}

/// t, over D as written.
pub(crate) fn t(multicommitment: &Commitment) -> PublicScalar {
    challenge(Sha3_512::new().chain_update(multicommitment))
}

/// The factor of one multiproof in a batch: 128 bits, not 0.
pub(crate) fn batch_factor(randomness: &[u8; 32], index: u64) -> PublicScalar {
    let digest = Sha3_512::new()
        .chain_update(randomness)
        .chain_update(index.to_be_bytes())
        .finalize();
    let factor =
        PublicScalar::from_bytes(digest.get(..16).unwrap_or(&[])).unwrap_or(PublicScalar::ZERO);
    if factor.is_zero() {
        PublicScalar::one()
    } else {
        factor
    }
}
