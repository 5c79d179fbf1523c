//! Prime-field kernels (constant time) for the 581-bit field of BLS48-581, spec 10 section 1.
//!
//! A field element is an integer that stands for its residue, in Montgomery form, and is only
//! *loosely* reduced: the field has 59 spare bits in ten words, so sums are plain sums. Products are
//! kept at double width ([`Kernel::Wide`], signed) and may be added and subtracted freely, so that a
//! whole multiplication in an extension field costs one Montgomery reduction per coefficient of the
//! result instead of one per product.
//!
//! Bounds, in multiples of p, that callers keep (checked in builds with debug assertions):
//! * [`Kernel::reduce`], [`Kernel::sub`], [`Kernel::neg`] and [`Kernel::tidy`] answer less than 2 p and a bit;
//! * [`Kernel::add`] answers the plain sum; operands of a product stay below 1,700 p;
//! * what is subtracted stays below 256 p.
//!
//! | kernel | layout | used |
//! |---|---|---|
//! | [`words`] | ten 64-bit words, 128-bit products | native; WASM with the feature `wide` |
//! | [`lanes`] | 21 lanes of 28 bits, 64-bit columns | WASM |
//! | `octet` | eight elements in AVX-512 vectors, 52-bit limbs | native, where detected, for F_{p^8} in pairings |
//!
//! [`Fp`] is the kernel of the target. [`mont`] is a small const-generic Montgomery ring for the
//! scalar field, where speed does not matter.

#![allow(
    clippy::needless_range_loop,
    reason = "carry chains read best with one index for all operands"
)]

mod gcd;
mod kernel;
pub mod lanes;
mod modulus;
pub mod mont;
#[cfg(target_arch = "x86_64")]
pub mod octet;
pub mod words;

pub use kernel::Kernel;
pub use modulus::{MODULUS, WORDS};

/// The element type of this target: the fastest kernel that needs no run-time choice.
#[cfg(any(not(target_arch = "wasm32"), feature = "wide"))]
pub type Fp = words::Element;

/// The element type of this target: the fastest kernel that needs no run-time choice.
#[cfg(all(target_arch = "wasm32", not(feature = "wide")))]
pub type Fp = lanes::Element;
