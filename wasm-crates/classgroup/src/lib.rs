//! Class groups of imaginary quadratic fields: forms, discriminant search, Wesolowski proofs
//! (spec 11 sections 1 to 3).
//!
//! The group of a 2048-bit negative prime discriminant has an order that nobody knows, so that
//! x^(2^t) costs t squarings in sequence, while a proof of it is checked in a few hundred operations.
//!
//! - [`DiscriminantSearch`]: challenge to discriminant, in ranges that workers can share.
//! - [`Form`]: the group.
//! - [`solve`], [`verify`]: one prover. [`multi`]: one solution per id, verified together.
//!
//! All values are public; nothing here is constant time. Verification takes bytes from anyone: it
//! never panics, and its time and memory do not depend on the difficulty.

mod discriminant;
mod form;
mod int;
pub mod multi;
mod power;
mod proof;
mod search;
mod sieve;
mod wesolowski;

pub use discriminant::{Discriminant, MAX_BITS, MIN_BITS};
pub use form::{ELEMENT_BYTES, Form};
pub use search::{DiscriminantSearch, RECOMMENDED_RANGE};
pub use wesolowski::{
    OUTPUT_BYTES, Phase, Progress, SolveError, hash_prime, solve, solve_with, verify, verify_with,
};

/// Why an input was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bit length of a discriminant is outside the supported range.
    #[error("discriminants of {MIN_BITS} to {MAX_BITS} bits are supported, not {0}")]
    Bits(u32),
    /// The magnitude is not 7 mod 8, so that its negative is not 1 mod 8.
    #[error("the magnitude of a discriminant must be 7 mod 8")]
    NotSevenModEight,
    /// No prime follows within the search's limits; it does not happen for random challenges.
    #[error("no discriminant found for this challenge")]
    NotFound,
    /// A form of the wrong length.
    #[error("a form has {ELEMENT_BYTES} bytes, not {0}")]
    Length(usize),
    /// The first coefficient is not positive.
    #[error("the first coefficient of a form must be positive")]
    NotPositive,
    /// b^2 - D is not divisible by 4a.
    #[error("the form has another discriminant")]
    OtherDiscriminant,
    /// The form is not the reduced one of its class.
    #[error("the form is not reduced")]
    NotReduced,
}
