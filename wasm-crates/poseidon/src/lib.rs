//! Poseidon over the BN254 scalar field with the iden3/circomlib parameters (spec 10 section 3).
//!
//! Addresses, frame identities and parent selectors are Poseidon hashes. Two entrances:
//! [`hash_elements`] for 1 to 16 field elements and [`hash_bytes`] (written `P(m)` in the
//! specification) for byte strings. Nothing is copied from elsewhere: round constants and
//! matrices come from the Grain generator on first use and are kept per state width.
//!
//! Layout: `field` is the arithmetic contract, `wide` (4 x 64 bits) and `narrow` (9 x 29 bits,
//! for machines without a 64 x 64 -> 128 multiply, such as wasm32) implement it, `grain` draws
//! the constants, `params` derives the sparse form of the partial rounds, `permutation` runs.

#![forbid(unsafe_code)]

mod field;
mod grain;
#[cfg(any(test, target_arch = "wasm32"))]
mod narrow;
mod params;
mod permutation;
mod sponge;
#[cfg(any(test, not(target_arch = "wasm32")))]
mod wide;

#[cfg(test)]
mod tests;

pub use sponge::{Error, hash_bytes, hash_elements};

/// The field backend of this build: 29-bit limbs where a wide multiply is missing.
#[cfg(target_arch = "wasm32")]
pub(crate) type Fr = narrow::Fr;
/// The field backend of this build: 64-bit limbs.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Fr = wide::Fr;
