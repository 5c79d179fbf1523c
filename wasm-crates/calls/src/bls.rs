//! BLS48-581 (spec 10 sections 1 and 2).

#[cfg(feature = "full")]
mod full;
#[cfg(feature = "full")]
mod math;
#[cfg(feature = "full")]
pub(crate) use full::sum_of_keys;
#[cfg(feature = "full")]
pub use full::{
    aggregate_keys, aggregate_signatures, generate_key, public_key, sign, verify_batch,
    verify_multi, verify_possession,
};
#[cfg(feature = "full")]
pub use math::{
    decode_g1, decode_g2, hash_to_curve, hash_to_g1, in_subgroup_g1, in_subgroup_g2,
    multiply_generator_g1, multiply_generator_g2, params, scalar,
};

/// Whether the signature of `domain || message` under the key is valid; all decoding strict.
#[must_use]
pub fn verify(public_key: &[u8], signature: &[u8], message: &[u8], domain: &[u8]) -> bool {
    bls48581::verify(public_key, signature, message, domain)
}
