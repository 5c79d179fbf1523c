//! Conversions between integers, limbs and bytes.

use super::limb::{LIMB_BITS, Limb};
use super::{CAPACITY, Int};

impl Int {
    /// A big-endian magnitude; `None` beyond the capacity.
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let skip = bytes.iter().position(|&b| b != 0).unwrap_or(bytes.len());
        let bytes = bytes.get(skip..)?;
        let mut out = Self::ZERO;
        for (i, &byte) in bytes.iter().rev().enumerate() {
            let bit = i as u32 * 8;
            *out.limbs.get_mut((bit / LIMB_BITS) as usize)? |=
                Limb::from(byte) << (bit % LIMB_BITS);
        }
        out.trim(CAPACITY);
        Some(out)
    }

    /// Big-endian two's complement; `None` beyond the capacity.
    pub fn from_twos_complement(bytes: &[u8]) -> Option<Self> {
        if bytes.first().is_none_or(|b| b & 0x80 == 0) {
            return Self::from_be_bytes(bytes);
        }
        // -v - 1 is the complement.
        let mut out = Self::ZERO;
        for (i, &byte) in bytes.iter().rev().enumerate() {
            let bit = i as u32 * 8;
            *out.limbs.get_mut((bit / LIMB_BITS) as usize)? |=
                Limb::from(!byte) << (bit % LIMB_BITS);
        }
        out.trim(CAPACITY);
        Some(out.add(&Self::small(1)).negated())
    }

    /// Byte `i` of the magnitude, the lowest is 0.
    fn byte(&self, i: usize) -> u8 {
        let bit = i as u32 * 8;
        self.limbs
            .get((bit / LIMB_BITS) as usize)
            .map_or(0, |l| (l >> (bit % LIMB_BITS)) as u8)
    }

    /// The low bytes of the magnitude, big-endian, filling `out`.
    pub fn write_be_bytes(&self, out: &mut [u8]) {
        for (i, slot) in out.iter_mut().rev().enumerate() {
            *slot = self.byte(i);
        }
    }

    /// Big-endian two's complement, filling `out`.
    pub fn write_twos_complement(&self, out: &mut [u8]) {
        if self.is_negative() {
            let complement = self.add(&Self::small(1));
            complement.write_be_bytes(out);
            out.iter_mut().for_each(|byte| *byte = !*byte);
        } else {
            self.write_be_bytes(out);
        }
    }

    /// A magnitude from little-endian 64-bit words; `None` beyond the capacity.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        let mut out = Self::ZERO;
        for (i, &word) in words.iter().enumerate() {
            for j in 0..64 / LIMB_BITS {
                let limb = (word >> (j * LIMB_BITS)) as Limb;
                match out
                    .limbs
                    .get_mut(i * (64 / LIMB_BITS) as usize + j as usize)
                {
                    Some(slot) => *slot = limb,
                    None if limb == 0 => {}
                    None => return None,
                }
            }
        }
        out.trim(CAPACITY);
        Some(out)
    }

    /// The low little-endian 64-bit words of the magnitude.
    pub fn words<const N: usize>(&self) -> [u64; N] {
        core::array::from_fn(|i| self.word(i as u32 * 64))
    }
}

impl From<u128> for Int {
    fn from(value: u128) -> Self {
        Self::from_words(&[value as u64, (value >> 64) as u64]).unwrap_or(Self::ZERO)
    }
}
