//! BLS48-581: tower, groups, hash to curve, pairing, signatures and aggregation (spec 10 sections 1, 2).
//!
//! Public keys are points of G2 (585 bytes), signatures points of G1 (74 bytes). Decoding is strict:
//! exact length, tag 02 or 03, canonical coefficients, on the curve, in the subgroup of order r.
//! Verification answers `false` for everything that does not decode. Randomness is a parameter.
//!
//! * [`SecretKey`], [`PublicKey`], [`Signature`]; [`verify`], [`verify_decoded`], [`verify_multi`],
//!   [`verify_possession`], [`verify_batch`]; [`aggregate_keys`], [`aggregate_signatures`]
//! * the mathematics, bottom up: [`fp`], [`fp2`], [`fp4`], [`fp8`], [`fp16`], [`fp48`] over the common
//!   [`tower`], with two forms of F_{p^8} in [`octic`]; [`scalar`]; [`curve`], [`g1`], [`g2`]; [`hash_to_curve`]; [`pairing`],
//!   [`final_exponentiation`]; [`params`] for whoever checks constants
//! * sums of public multiples for commitments: [`public_scalar`], [`multiples`] of any points, [`comb`]s
//!   of fixed ones, both over affine [`sums`]

pub mod comb;
pub mod curve;
pub mod error;
pub mod final_exponentiation;
pub mod fp;
pub mod fp16;
pub mod fp2;
pub mod fp4;
pub mod fp48;
pub mod fp8;
mod frobenius;
pub mod g1;
pub mod g2;
mod generators;
pub mod hash_to_curve;
mod lanes;
pub mod multiples;
pub mod octic;
pub mod pairing;
pub mod params;
mod public_key;
pub mod public_scalar;
pub mod scalar;
mod secret_key;
mod signature;
mod subgroup;
pub mod sums;
pub mod tower;
mod verify;

pub use error::{AggregateError, DecodeError, SecretKeyError};
pub use g1::G1_BYTES;
pub use g2::G2_BYTES;
pub use public_key::{PublicKey, aggregate_key_refs, aggregate_keys};
pub use scalar::{SCALAR_BYTES, Scalar};
pub use secret_key::{POSSESSION_DOMAIN, SecretKey};
pub use signature::{Signature, aggregate_signatures};
pub use verify::{
    BatchItem, verify, verify_batch, verify_decoded, verify_multi, verify_multi_decoded,
    verify_points, verify_possession,
};
