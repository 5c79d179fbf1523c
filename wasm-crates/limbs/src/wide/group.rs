//! What the vector kernels share: a group of candidates side by side, and their digits across lanes.

use super::chain::{Plan, WINDOW, digit, plan};
use super::montgomery::{bit_length, less, negated_inverse, power_of_two_mod, subtract};
use super::{LIMBS, Wide};

/// The candidates of one vector: all 7 mod 8 and of one bit length, short groups filled up with the first candidate.
/// `None` when the group is not uniform; one at a time then serves.
pub(crate) struct Group<const L: usize> {
    /// The moduli, one per lane.
    pub moduli: [Wide; L],
    /// The walk of the exponent, common to all.
    pub plan: Plan,
}

impl<const L: usize> Group<L> {
    pub fn new(candidates: &[Wide]) -> Option<Self> {
        let first = candidates.first()?;
        let bits = bit_length(first);
        let moduli: [Wide; L] = core::array::from_fn(|lane| *candidates.get(lane).unwrap_or(first));
        let uniform = moduli
            .iter()
            .all(|n| n[0] % 8 == 7 && bit_length(n) == bits);
        let heads_agree = moduli.iter().all(|n| plan(n) == plan(first));
        (uniform && heads_agree && bits > 2 * WINDOW).then(|| Self {
            moduli,
            plan: plan(first),
        })
    }

    /// -1/n mod 2^64 of each lane.
    pub fn inverses(&self) -> [u64; L] {
        core::array::from_fn(|lane| negated_inverse(self.moduli[lane][0]))
    }

    /// 2^exponent mod n of each lane.
    pub fn powers_of_two(&self, exponent: u32) -> [Wide; L] {
        core::array::from_fn(|lane| power_of_two_mod(&self.moduli[lane], exponent))
    }

    /// The shifts of a window, one per lane.
    pub fn shifts(&self, window: u32) -> [u64; L] {
        core::array::from_fn(|lane| u64::from(digit(&self.moduli[lane], window)))
    }

    /// Whether each lane's value is 2^exponent mod n. Values are below 2^6 n.
    pub fn equal_power(&self, values: &[[u64; LIMBS + 1]; L], exponent: u32) -> [bool; L] {
        let one = self.powers_of_two(exponent);
        core::array::from_fn(|lane| {
            let mut modulus = [0u64; LIMBS + 1];
            modulus[..LIMBS].copy_from_slice(&self.moduli[lane]);
            let mut value = values[lane];
            while !less(&value, &modulus) {
                subtract(&mut value, &modulus);
            }
            value[..LIMBS] == one[lane] && value[LIMBS] == 0
        })
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
