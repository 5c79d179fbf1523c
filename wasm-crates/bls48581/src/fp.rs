//! The prime field F_p (spec 10 section 1): the kernel of the target under its mathematical name.

/// An element of F_p.
pub use limbs::field::Fp;

/// Bytes of an element on the wire.
pub const FP_BYTES: usize = 73;
