//! The negative prime discriminant of a group.

use crate::int::Int;
use crate::{DiscriminantSearch, Error};

/// Shortest supported discriminant in bits.
pub const MIN_BITS: u32 = 40;
/// Longest supported discriminant in bits, which is the protocol's.
pub const MAX_BITS: u32 = 2048;

/// A discriminant D < 0 with D = 1 mod 8, held as |D| with what composition needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discriminant {
    magnitude: Int,
    /// Bits of |D|.
    bits: u32,
    /// |D|^(1/4), where NUCOMP stops its Euclidean step.
    fourth_root: Int,
}

impl Discriminant {
    /// `disc(seed, bits)` of spec 11 section 1.1. The protocol's seed is the 32-byte challenge and its length 2048 bits.
    ///
    /// # Errors
    /// [`Error::Bits`] outside [`MIN_BITS`]..=[`MAX_BITS`].
    pub fn from_challenge(seed: &[u8], bits: u32) -> Result<Self, Error> {
        let search = DiscriminantSearch::new(seed, bits)?;
        let index = search.find().ok_or(Error::NotFound)?;
        search.discriminant(index)
    }

    /// A discriminant from the big-endian magnitude |D|. Primality is the caller's claim: it is not checked,
    /// and in a group of a composite discriminant proofs mean nothing.
    ///
    /// # Errors
    /// [`Error::Bits`], [`Error::NotSevenModEight`].
    pub fn from_bytes(magnitude: &[u8]) -> Result<Self, Error> {
        let magnitude = Int::from_be_bytes(magnitude).ok_or(Error::Bits(u32::MAX))?;
        Self::from_magnitude(magnitude)
    }

    pub(crate) fn from_magnitude(magnitude: Int) -> Result<Self, Error> {
        let bits = magnitude.bit_length();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(Error::Bits(bits));
        }
        if magnitude.word(0) % 8 != 7 {
            return Err(Error::NotSevenModEight);
        }
        let fourth_root = magnitude.sqrt().sqrt();
        Ok(Self {
            magnitude,
            bits,
            fourth_root,
        })
    }

    /// |D|, big-endian without leading zeros.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.bits.div_ceil(8) as usize];
        self.magnitude.write_be_bytes(&mut bytes);
        bytes
    }

    /// Bits of |D|.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// |D|.
    pub(crate) fn magnitude(&self) -> &Int {
        &self.magnitude
    }

    /// floor(|D|^(1/4)).
    pub(crate) fn fourth_root(&self) -> &Int {
        &self.fourth_root
    }
}
