//! Eight candidates side by side in AVX-512 vectors, 52-bit digits, products by `vpmadd52`.
//!
//! R = 2^2080 leaves 32 bits above a 2048-bit modulus: a square of a value below 2^16 n reduces to
//! less than 2 n, and the shift of a window stays below 2^6 n, so that no step needs a final subtraction.

use super::Wide;
use super::chain::{Tick, WINDOW, WINDOWS_PER_TICK, single};
use super::group::{Group, gather, transpose};
use super::mont64::Mont64;
use core::arch::x86_64::*;
use core::ops::ControlFlow;

/// Candidates per vector.
pub(crate) const LANES: usize = 8;
const DIGITS: usize = 40;
const BITS: u32 = 52;
pub(crate) const R_BITS: u32 = DIGITS as u32 * BITS;

type Digits = [__m512i; DIGITS];

/// Whether this machine has the instructions.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Euler's criterion for up to eight candidates. Falls back to one at a time where the machine or the group does not suit.
pub(crate) fn base2_euler(
    candidates: &[Wide],
    verdicts: &mut [bool],
    tick: Tick<'_>,
) -> ControlFlow<()> {
    let group = Group::<LANES>::new(candidates);
    let Some((powers, group)) = group.and_then(|group| Some((powers(&group, tick)?, group))) else {
        return single::<Mont64<{ super::LIMBS }>>(candidates, verdicts, tick);
    };
    group.decide(&powers?, R_BITS, verdicts);
    ControlFlow::Continue(())
}

/// 2^((n-1)/2) R mod n of each lane; `None` without the instructions.
pub(crate) fn powers(
    group: &Group<LANES>,
    tick: Tick<'_>,
) -> Option<ControlFlow<(), [Wide; LANES]>> {
    // SAFETY: the features that `chain` needs were detected.
    available().then(|| unsafe { chain(group, tick) })
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn load(lanes: &[u64; LANES]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, alignment is not required.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn chain(group: &Group<LANES>, tick: Tick<'_>) -> ControlFlow<(), [Wide; LANES]> {
    let zero = _mm512_setzero_si512();
    let spread = |values: &[Wide; LANES]| -> Digits {
        let lanes = transpose::<LANES, DIGITS>(values, BITS);
        let mut out = [zero; DIGITS];
        for (slot, digit) in out.iter_mut().zip(&lanes) {
            *slot = load(digit);
        }
        out
    };
    let modulus = spread(&group.moduli);
    let inverse = load(&group.inverses());
    let mut x = spread(&group.start(R_BITS));
    for window in (0..group.windows).rev() {
        for _ in 0..WINDOW {
            square(&mut x, &modulus, inverse);
        }
        shift(&mut x, load(&group.shifts(window)));
        if window % WINDOWS_PER_TICK == 0 {
            tick()?;
        }
    }
    let mut lanes = [[0u64; LANES]; DIGITS];
    for (out, digit) in lanes.iter_mut().zip(&x) {
        // SAFETY: the array is 64 writable bytes, alignment is not required.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *digit) };
    }
    ControlFlow::Continue(group.reduce(gather(&lanes, BITS)))
}

/// x <- x << shift, lane by lane, shifts below 52.
#[target_feature(enable = "avx512f,avx512ifma")]
fn shift(x: &mut Digits, shift: __m512i) {
    let mask = _mm512_set1_epi64((1 << BITS) - 1);
    let back = _mm512_sub_epi64(_mm512_set1_epi64(i64::from(BITS)), shift);
    let mut below = _mm512_setzero_si512();
    for digit in x {
        let shifted = _mm512_or_si512(
            _mm512_sllv_epi64(*digit, shift),
            _mm512_srlv_epi64(below, back),
        );
        below = *digit;
        *digit = _mm512_and_si512(shifted, mask);
    }
}

/// Sums of the low and high halves of products.
#[derive(Clone, Copy)]
struct Halves {
    low: __m512i,
    high: __m512i,
}

impl Halves {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self {
            low: zero,
            high: zero,
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_product(&mut self, a: __m512i, b: __m512i) {
        self.low = _mm512_madd52lo_epu64(self.low, a, b);
        self.high = _mm512_madd52hi_epu64(self.high, a, b);
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn plus(self, other: Self) -> Self {
        Self {
            low: _mm512_add_epi64(self.low, other.low),
            high: _mm512_add_epi64(self.high, other.high),
        }
    }
}

/// The sum of a[i] b[k - i] for i in from..to, in four chains each of low and high halves: the instruction takes four cycles.
#[target_feature(enable = "avx512f,avx512ifma")]
fn column(a: &Digits, b: &Digits, k: usize, from: usize, to: usize) -> Halves {
    let mut sums = [Halves::zero(); 4];
    let mut i = from;
    while i + 4 <= to {
        for (j, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the callers keep from <= i + j < to <= DIGITS and k - i - j within 0..DIGITS.
            unsafe { sum.add_product(*a.get_unchecked(i + j), *b.get_unchecked(k - i - j)) };
        }
        i += 4;
    }
    while i < to {
        // SAFETY: as above.
        unsafe { sums[0].add_product(*a.get_unchecked(i), *b.get_unchecked(k - i)) };
        i += 1;
    }
    let [s0, s1, s2, s3] = sums;
    s0.plus(s1).plus(s2.plus(s3))
}

/// Column k of the square of x.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square_column(x: &Digits, k: usize) -> Halves {
    let half = column(x, x, k, (k + 1).saturating_sub(DIGITS), k.div_ceil(2));
    let mut sum = half.plus(half);
    if k.is_multiple_of(2) {
        sum.add_product(x[k / 2], x[k / 2]);
    }
    sum
}

/// x <- x^2 / R mod n, below n + x^2 / R.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square(x: &mut Digits, modulus: &Digits, inverse: __m512i) {
    let zero = _mm512_setzero_si512();
    let mask = _mm512_set1_epi64((1 << BITS) - 1);
    let mut q = [zero; DIGITS];
    let mut out = [zero; DIGITS];
    // What the columns so far hand on to the next one.
    let mut carry = zero;
    for k in 0..DIGITS {
        let mut sum = square_column(x, k).plus(column(&q, modulus, k, 0, k));
        let total = _mm512_add_epi64(sum.low, carry);
        let digit = _mm512_madd52lo_epu64(zero, total, inverse);
        q[k] = digit;
        sum.low = total;
        sum.add_product(digit, modulus[0]);
        carry = _mm512_add_epi64(_mm512_srli_epi64::<BITS>(sum.low), sum.high);
    }
    for k in DIGITS..2 * DIGITS - 1 {
        let sum = square_column(x, k).plus(column(&q, modulus, k, k + 1 - DIGITS, DIGITS));
        let total = _mm512_add_epi64(sum.low, carry);
        out[k - DIGITS] = _mm512_and_si512(total, mask);
        carry = _mm512_add_epi64(_mm512_srli_epi64::<BITS>(total), sum.high);
    }
    out[DIGITS - 1] = carry;
    *x = out;
}
