//! Ed448 signatures, the Decaf448 group and the agreement keys on the Ed448 curve (spec 10 sections 4, 5).
//!
//! * [`public_key`], [`sign`], [`verify`]: Ed448 with empty context; verification is cofactored and refuses exactly what
//!   spec 10 section 4 says (CH-8); [`verify_batch`] gives the same verdicts for many at once
//! * [`decaf`]: points, scalars, agreement, hash to scalar (never reduced, CH-10) and the simple signature
//! * [`agreement`]: the 57-byte keys that the network calls X448
//! * the mathematics, bottom up: [`field`], [`scalar`], [`point`], [`multiply`]
//!
//! Whatever touches a secret is constant time: no branch and no address depends on it (CH-9). Secrets held by this crate
//! are wiped. Verification is not constant time and says so. Bytes of any length are accepted everywhere and answered
//! with a value or an [`Error`] (CH-7). Randomness is a parameter.

#![forbid(unsafe_code)]

pub mod agreement;
mod batch;
pub mod decaf;
mod error;
pub mod field;
pub mod multiply;
pub mod point;
pub mod scalar;
mod schnorr;
mod shake;
mod signature;

pub use batch::verify_batch;
pub use error::Error;
pub use scalar::Scalar;
pub use signature::{
    EXPANDED_BYTES, PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES, Signed, expanded_key,
    public_key, sign, sign_expanded, verify,
};
