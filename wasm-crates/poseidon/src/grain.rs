//! The Grain LFSR generator of the Poseidon paper (spec 10 section 3.1).

use crate::field::{Limbs, Q, at_least, subtract};

/// Bits drawn per step: the newest tap is 62 of 80, so up to 18 new bits depend on old ones only.
const STEP: u32 = 16;
const WARM_UP: u32 = 160;
/// For eight raw bits, that is four pairs (select, value): the values selected and their number.
const SELECTED: [(u8, u8); 256] = selected();

const fn selected() -> [(u8, u8); 256] {
    let mut table = [(0, 0); 256];
    let mut raw = 0;
    while raw < 256 {
        let (mut kept, mut count) = (0, 0);
        let mut pair = 0;
        while pair < 8 {
            if raw >> pair & 1 == 1 {
                kept = kept << 1 | (raw >> (pair + 1) & 1) as u8;
                count += 1;
            }
            pair += 2;
        }
        table[raw] = (kept, count);
        raw += 1;
    }
    table
}

/// The generator: an 80-bit register (bit 0 = oldest) and bits already selected but not used.
pub(crate) struct Grain {
    register: u128,
    selected: u128,
    count: u32,
}

impl Grain {
    /// Seeded for state width `t`, 8 full rounds and `partial_rounds`.
    pub(crate) fn new(t: usize, partial_rounds: usize) -> Self {
        let fields: [(u64, u32); 7] = [
            (1, 2),
            (0, 4),
            (254, 12),
            (t as u64, 12),
            (8, 10),
            (partial_rounds as u64, 10),
            ((1 << 30) - 1, 30),
        ];
        let mut register = 0u128;
        let mut position = 0;
        for (value, width) in fields {
            for bit in (0..width).rev() {
                register |= u128::from(value >> bit & 1) << position;
                position += 1;
            }
        }
        let mut grain = Self {
            register,
            selected: 0,
            count: 0,
        };
        for _ in 0..WARM_UP / STEP {
            grain.step();
        }
        grain
    }

    /// The next 16 raw bits, oldest in bit 0.
    fn step(&mut self) -> u32 {
        let r = self.register;
        let new = (r ^ r >> 13 ^ r >> 23 ^ r >> 38 ^ r >> 51 ^ r >> 62) as u32 & 0xffff;
        self.register = r >> STEP | u128::from(new) << (80 - STEP);
        new
    }

    /// The next `n <= 64` selected bits, first one most significant.
    fn bits(&mut self, n: u32) -> u64 {
        while self.count < n {
            let raw = self.step();
            for pairs in [raw & 0xff, raw >> 8] {
                let (kept, added) = SELECTED[pairs as usize & 0xff];
                self.selected = self.selected << added | u128::from(kept);
                self.count += u32::from(added);
            }
        }
        self.count -= n;
        let out = (self.selected >> self.count) as u64;
        self.selected &= (1 << self.count) - 1;
        if n == 64 { out } else { out & ((1 << n) - 1) }
    }

    fn number(&mut self) -> Limbs {
        let d = self.bits(62);
        let c = self.bits(64);
        let b = self.bits(64);
        let a = self.bits(64);
        [a, b, c, d]
    }

    /// The next 254-bit number below q; larger ones are dropped.
    pub(crate) fn rejected(&mut self) -> Limbs {
        loop {
            let x = self.number();
            if !at_least(&x, &Q) {
                return x;
            }
        }
    }

    /// The next 254-bit number reduced modulo q (2^254 < 2q).
    pub(crate) fn reduced(&mut self) -> Limbs {
        let x = self.number();
        if at_least(&x, &Q) {
            subtract(&x, &Q)
        } else {
            x
        }
    }
}
