//! Four candidates side by side in WASM simd128 vectors, 28-bit digits in 32-bit lanes, products by `i64x2.extmul`.
//!
//! R = 2^2072 leaves 24 bits above a 2048-bit modulus; a column of at most 148 products of 56 bits fits 64 bits.

use super::Wide;
use super::chain::{Tick, WINDOW, WINDOWS_PER_TICK, single};
use super::group::{Group, gather, transpose};
use super::mont28::Mont28;
use core::arch::wasm32::*;
use core::ops::ControlFlow;

/// Candidates per vector.
pub(crate) const LANES: usize = 4;
const DIGITS: usize = 74;
const BITS: u32 = 28;
const R_BITS: u32 = DIGITS as u32 * BITS;

type Digits = [v128; DIGITS];

/// Euler's criterion for up to four candidates. Falls back to one at a time where the group does not suit.
pub(crate) fn base2_euler(
    candidates: &[Wide],
    verdicts: &mut [bool],
    tick: Tick<'_>,
) -> ControlFlow<()> {
    let Some(group) = Group::<LANES>::new(candidates) else {
        return single::<Mont28<DIGITS>>(candidates, verdicts, tick);
    };
    group.decide(&powers(&group, tick)?, R_BITS, verdicts);
    ControlFlow::Continue(())
}

fn load(lanes: &[u64; LANES]) -> v128 {
    u32x4(
        lanes[0] as u32,
        lanes[1] as u32,
        lanes[2] as u32,
        lanes[3] as u32,
    )
}

fn spread(values: &[Wide; LANES]) -> Digits {
    transpose::<LANES, DIGITS>(values, BITS).map(|digit| load(&digit))
}

/// 2^((n-1)/2) R mod n of each lane.
fn powers(group: &Group<LANES>, tick: Tick<'_>) -> ControlFlow<(), [Wide; LANES]> {
    let modulus = spread(&group.moduli);
    let inverse = load(&group.inverses().map(|inverse| inverse & ((1 << BITS) - 1)));
    let mut x = spread(&group.start(R_BITS));
    for window in (0..group.windows).rev() {
        for _ in 0..WINDOW {
            square(&mut x, &modulus, inverse);
        }
        shift(&mut x, &group.shifts(window));
        if window % (WINDOWS_PER_TICK / 4) == 0 {
            tick()?;
        }
    }
    let lanes = x.map(|digit| {
        [
            u64::from(u32x4_extract_lane::<0>(digit)),
            u64::from(u32x4_extract_lane::<1>(digit)),
            u64::from(u32x4_extract_lane::<2>(digit)),
            u64::from(u32x4_extract_lane::<3>(digit)),
        ]
    });
    ControlFlow::Continue(group.reduce(gather(&lanes, BITS)))
}

/// x <- x << shift, lane by lane, shifts of at most 4 bits: a product with 2^shift, since lanes cannot shift apart.
fn shift(x: &mut Digits, shift: &[u64; LANES]) {
    let factor = load(&shift.map(|s| 1 << s));
    let mut carry = Wide4::zero();
    for digit in x {
        carry.add_product(*digit, factor);
        *digit = carry.take_digit();
    }
}

/// Four sums of products, lanes 0 and 1 in `low`, 2 and 3 in `high`.
#[derive(Clone, Copy)]
struct Wide4 {
    low: v128,
    high: v128,
}

impl Wide4 {
    #[inline(always)]
    fn zero() -> Self {
        Self {
            low: u64x2_splat(0),
            high: u64x2_splat(0),
        }
    }

    #[inline(always)]
    fn add_product(&mut self, a: v128, b: v128) {
        self.low = u64x2_add(self.low, u64x2_extmul_low_u32x4(a, b));
        self.high = u64x2_add(self.high, u64x2_extmul_high_u32x4(a, b));
    }

    /// The low 32 bits of each sum.
    #[inline(always)]
    fn low_words(&self) -> v128 {
        u32x4_shuffle::<0, 2, 4, 6>(self.low, self.high)
    }

    #[inline(always)]
    fn drop_digit(&mut self) {
        self.low = u64x2_shr(self.low, BITS);
        self.high = u64x2_shr(self.high, BITS);
    }

    /// The lowest digit of each sum, which moves down.
    #[inline(always)]
    fn take_digit(&mut self) -> v128 {
        let digit = v128_and(self.low_words(), u32x4_splat((1 << BITS) - 1));
        self.drop_digit();
        digit
    }

    /// Adds a[i] b[k - i] for i in from..to.
    #[inline(always)]
    fn add_column(&mut self, a: &Digits, b: &Digits, k: usize, from: usize, to: usize) {
        for i in from..to {
            // SAFETY: the callers keep to <= DIGITS and k - i within 0..DIGITS.
            unsafe { self.add_product(*a.get_unchecked(i), *b.get_unchecked(k - i)) };
        }
    }

    /// Adds column k of the square of x; `twice` is x with doubled digits.
    #[inline(always)]
    fn add_square_column(&mut self, x: &Digits, twice: &Digits, k: usize) {
        self.add_column(twice, x, k, (k + 1).saturating_sub(DIGITS), k.div_ceil(2));
        if k.is_multiple_of(2) {
            self.add_product(x[k / 2], x[k / 2]);
        }
    }
}

/// x <- x^2 / R mod n, below n + x^2 / R.
fn square(x: &mut Digits, modulus: &Digits, inverse: v128) {
    let mask = u32x4_splat((1 << BITS) - 1);
    let twice = x.map(|digit| u32x4_shl(digit, 1));
    let mut q = [u32x4_splat(0); DIGITS];
    let mut out = [u32x4_splat(0); DIGITS];
    let mut acc = Wide4::zero();
    for k in 0..DIGITS {
        acc.add_square_column(x, &twice, k);
        acc.add_column(&q, modulus, k, 0, k);
        let digit = v128_and(u32x4_mul(acc.low_words(), inverse), mask);
        q[k] = digit;
        acc.add_product(digit, modulus[0]);
        acc.drop_digit();
    }
    for k in DIGITS..2 * DIGITS - 1 {
        acc.add_square_column(x, &twice, k);
        acc.add_column(&q, modulus, k, k + 1 - DIGITS, DIGITS);
        out[k - DIGITS] = acc.take_digit();
    }
    out[DIGITS - 1] = acc.low_words();
    *x = out;
}
