//! What the vector kernels share: a group of candidates side by side, and their digits across lanes.

use super::chain::{WINDOW, digit, plan};
use super::montgomery::{bit_length, less, negated_inverse, power_of_two_mod, subtract};
use super::{LIMBS, Wide};

/// The candidates of one vector: all 7 mod 8 and of one bit length, short groups filled up with the first candidate.
/// `None` when the group is not uniform; one at a time then serves.
pub(crate) struct Group<const L: usize> {
    /// The moduli, one per lane.
    pub moduli: [Wide; L],
    /// Windows of the exponents, common to all.
    pub windows: u32,
    /// Values of the top bits of the exponents.
    heads: [u32; L],
}

impl<const L: usize> Group<L> {
    pub fn new(candidates: &[Wide]) -> Option<Self> {
        let first = candidates.first()?;
        let bits = bit_length(first);
        let moduli: [Wide; L] = core::array::from_fn(|lane| *candidates.get(lane).unwrap_or(first));
        let uniform = moduli
            .iter()
            .all(|n| n[0] % 8 == 7 && bit_length(n) == bits);
        (uniform && bits > 2 * WINDOW).then(|| Self {
            moduli,
            windows: plan(first).windows,
            heads: moduli.map(|n| plan(&n).head),
        })
    }

    /// 2^head R mod n of each lane: where the walk of the exponent starts.
    pub fn start(&self, r_bits: u32) -> [Wide; L] {
        core::array::from_fn(|lane| power_of_two_mod(&self.moduli[lane], r_bits + self.heads[lane]))
    }

    /// -1/n mod 2^64 of each lane.
    pub fn inverses(&self) -> [u64; L] {
        core::array::from_fn(|lane| negated_inverse(self.moduli[lane][0]))
    }

    /// The shifts of a window, one per lane.
    pub fn shifts(&self, window: u32) -> [u64; L] {
        core::array::from_fn(|lane| u64::from(digit(&self.moduli[lane], window)))
    }

    /// Each lane's value reduced modulo its modulus. Values are below 2^6 n.
    pub fn reduce(&self, values: [[u64; LIMBS + 1]; L]) -> [Wide; L] {
        core::array::from_fn(|lane| {
            let mut modulus = [0u64; LIMBS + 1];
            modulus[..LIMBS].copy_from_slice(&self.moduli[lane]);
            let mut value = values[lane];
            while !less(&value, &modulus) {
                subtract(&mut value, &modulus);
            }
            core::array::from_fn(|i| value[i])
        })
    }

    /// Euler's criterion: whether each lane's power, times 2^r_bits, is 2^r_bits.
    pub fn decide(&self, powers: &[Wide; L], r_bits: u32, verdicts: &mut [bool]) {
        for (verdict, (power, n)) in verdicts.iter_mut().zip(powers.iter().zip(&self.moduli)) {
            *verdict = *power == power_of_two_mod(n, r_bits);
        }
    }
}

/// `count` digits of `bits` bits each, taken from every lane's limbs: element i holds digit i of all lanes.
pub(crate) fn transpose<const L: usize, const N: usize>(
    values: &[Wide; L],
    bits: u32,
) -> [[u64; L]; N] {
    core::array::from_fn(|i| {
        let at = i * bits as usize;
        let (limb, offset) = (at / 64, at % 64);
        core::array::from_fn(|lane| {
            let limbs = &values[lane];
            let low = limbs.get(limb).map_or(0, |l| l >> offset);
            let high = match offset {
                0 => 0,
                _ => limbs.get(limb + 1).map_or(0, |l| l << (64 - offset)),
            };
            (low | high) & ((1 << bits) - 1)
        })
    })
}

/// The inverse of [`transpose`], one limb wider; bits above it are dropped.
pub(crate) fn gather<const L: usize>(digits: &[[u64; L]], bits: u32) -> [[u64; LIMBS + 1]; L] {
    let mut out = [[0u64; LIMBS + 1]; L];
    for (i, lanes) in digits.iter().enumerate() {
        let at = i * bits as usize;
        let (limb, offset) = (at / 64, at % 64);
        for (value, &digit) in out.iter_mut().zip(lanes) {
            if let Some(slot) = value.get_mut(limb) {
                *slot |= digit << offset;
            }
            if let Some(slot) = value.get_mut(limb + 1).filter(|_| offset != 0) {
                *slot |= digit >> (64 - offset);
            }
        }
    }
    out
}
