//! Verification (spec 10 sections 2.3, 2.4). Everything that does not decode is simply `false`.

use sha2::{Digest, Sha512};

use crate::curve::Affine;
use crate::g1::{G1Affine, G1Projective};
use crate::hash_to_curve::hash_to_g1;
use crate::pairing::{Prepared, product_is_one};
use crate::public_key::PublicKey;
use crate::secret_key::POSSESSION_DOMAIN;
use crate::signature::Signature;

/// Whether `signature` is the signature of `domain || message` under the encoded key.
pub fn verify(public_key: &[u8], signature: &[u8], message: &[u8], domain: &[u8]) -> bool {
    // The signature first: its test costs a tenth of the key's.
    let Ok(signature) = Signature::from_bytes(signature) else {
        return false;
    };
    PublicKey::from_bytes_prepared(public_key)
        .is_ok_and(|key| verify_points(&key, &signature, message, domain))
}

/// As [`verify`], for a decoded key.
pub fn verify_decoded(
    public_key: &PublicKey,
    signature: &[u8],
    message: &[u8],
    domain: &[u8],
) -> bool {
    Signature::from_bytes(signature)
        .is_ok_and(|signature| verify_points(public_key, &signature, message, domain))
}

/// As [`verify`], for a decoded key and signature.
pub fn verify_points(
    public_key: &PublicKey,
    signature: &Signature,
    message: &[u8],
    domain: &[u8],
) -> bool {
    let Some(hash) = hash_to_g1(domain, message) else {
        return false;
    };
    equation(&[(public_key, hash)], signature.point())
}

/// Whether the signature is a sum of signatures, of the j-th message under the j-th key. Unequal
/// numbers and none at all are `false` (hazard CH-5).
pub fn verify_multi(
    public_keys: &[&[u8]],
    signature: &[u8],
    messages: &[&[u8]],
    domain: &[u8],
) -> bool {
    if public_keys.is_empty() || public_keys.len() != messages.len() {
        return false;
    }
    let keys: Result<Vec<_>, _> = public_keys
        .iter()
        .map(|bytes| PublicKey::from_bytes_prepared(bytes))
        .collect();
    keys.is_ok_and(|keys| {
        let keys: Vec<&PublicKey> = keys.iter().collect();
        verify_multi_decoded(&keys, signature, messages, domain)
    })
}

/// As [`verify_multi`], for decoded keys.
pub fn verify_multi_decoded(
    public_keys: &[&PublicKey],
    signature: &[u8],
    messages: &[&[u8]],
    domain: &[u8],
) -> bool {
    if public_keys.is_empty() || public_keys.len() != messages.len() {
        return false;
    }
    let Ok(signature) = Signature::from_bytes(signature) else {
        return false;
    };
    let pairs: Option<Vec<(&PublicKey, G1Affine)>> = public_keys
        .iter()
        .zip(messages)
        .map(|(key, message)| Some((*key, hash_to_g1(domain, message)?)))
        .collect();
    pairs.is_some_and(|pairs| equation(&pairs, signature.point()))
}

/// Whether `proof` is a proof of possession of the encoded key.
pub fn verify_possession(public_key: &[u8], proof: &[u8]) -> bool {
    verify(public_key, proof, public_key, POSSESSION_DOMAIN)
}

/// `product e(pk_j, h_j) * e(g2, -sig) = 1`.
fn equation(pairs: &[(&PublicKey, G1Affine)], signature: &G1Affine) -> bool {
    let lines: Option<Vec<(&Prepared, G1Affine)>> = pairs
        .iter()
        .map(|(key, hash)| Some((key.lines()?, *hash)))
        .chain(std::iter::once(
            Prepared::generator().map(|lines| (lines, signature.negate())),
        ))
        .collect();
    lines.is_some_and(|lines| product_is_one(&lines))
}

/// One statement of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchItem<'a> {
    /// The key (or key sum).
    pub public_key: &'a PublicKey,
    /// The encoded signature.
    pub signature: &'a [u8],
    /// The message.
    pub message: &'a [u8],
    /// The domain.
    pub domain: &'a [u8],
}

/// Whether all statements hold, by one random combination and one final exponentiation; a false
/// statement passes with probability 2^-128. `randomness` must be unpredictable for whoever made the
/// signatures. No statement at all is `false`.
pub fn verify_batch(items: &[BatchItem<'_>], randomness: &[u8; 32]) -> bool {
    let mut pairs = Vec::with_capacity(items.len());
    let mut sum = G1Projective::IDENTITY;
    for (item, index) in items.iter().zip(0u64..) {
        let Ok(signature) = Signature::from_bytes(item.signature) else {
            return false;
        };
        let Some(hash) = hash_to_g1(item.domain, item.message) else {
            return false;
        };
        let factor = coefficient(randomness, index);
        let scaled = |point: &G1Affine| point.to_projective().multiply_public(factor);
        sum = sum.add(&scaled(signature.point()));
        let Some(hash) = scaled(&hash).to_affine(true) else {
            return false;
        };
        pairs.push((item.public_key, hash));
    }
    let Some(Affine { x, y }) = sum.to_affine(true) else {
        return false;
    };
    !pairs.is_empty() && equation(&pairs, &Affine { x, y })
}

/// The coefficient of one statement: 128 bits of SHA-512 over the randomness and the index, not 0.
fn coefficient(randomness: &[u8; 32], index: u64) -> u128 {
    let digest = Sha512::new()
        .chain_update(randomness)
        .chain_update(index.to_be_bytes())
        .finalize();
    digest
        .iter()
        .take(16)
        .fold(0u128, |acc, byte| acc << 8 | u128::from(*byte))
        .max(1)
}
