//! Four candidates side by side in AVX2 vectors, 28-bit digits, products by `vpmuludq`.
//!
//! R = 2^2072 leaves 24 bits above a 2048-bit modulus; a column of at most 148 products of 56 bits fits 64 bits.

use super::Wide;
use super::chain::{Tick, WINDOW, WINDOWS_PER_TICK, single};
use super::group::{Group, gather, transpose};
use super::mont64::Mont64;
use core::arch::x86_64::*;
use core::ops::ControlFlow;

/// Candidates per vector.
pub(crate) const LANES: usize = 4;
const DIGITS: usize = 74;
const BITS: u32 = 28;
pub(crate) const R_BITS: u32 = DIGITS as u32 * BITS;

type Digits = [__m256i; DIGITS];

/// Whether this machine has the instructions.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Euler's criterion for up to four candidates. Falls back to one at a time where the machine or the group does not suit.
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

#[target_feature(enable = "avx2")]
fn load(lanes: &[u64; LANES]) -> __m256i {
    // SAFETY: the array is 32 readable bytes, alignment is not required.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn chain(group: &Group<LANES>, tick: Tick<'_>) -> ControlFlow<(), [Wide; LANES]> {
    let zero = _mm256_setzero_si256();
    let spread = |values: &[Wide; LANES]| -> Digits {
        let lanes = transpose::<LANES, DIGITS>(values, BITS);
        let mut out = [zero; DIGITS];
        for (slot, digit) in out.iter_mut().zip(&lanes) {
            *slot = load(digit);
        }
        out
    };
    let modulus = spread(&group.moduli);
    let inverse = load(&group.inverses().map(|inverse| inverse & ((1 << BITS) - 1)));
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
        // SAFETY: the array is 32 writable bytes, alignment is not required.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), *digit) };
    }
    ControlFlow::Continue(group.reduce(gather(&lanes, BITS)))
}

/// x <- x << shift, lane by lane, shifts below 28.
#[target_feature(enable = "avx2")]
fn shift(x: &mut Digits, shift: __m256i) {
    let mask = _mm256_set1_epi64x((1 << BITS) - 1);
    let back = _mm256_sub_epi64(_mm256_set1_epi64x(i64::from(BITS)), shift);
    let mut below = _mm256_setzero_si256();
    for digit in x {
        let shifted = _mm256_or_si256(
            _mm256_sllv_epi64(*digit, shift),
            _mm256_srlv_epi64(below, back),
        );
        below = *digit;
        *digit = _mm256_and_si256(shifted, mask);
    }
}

/// The sum of a[i] b[k - i] for i in from..to.
#[target_feature(enable = "avx2")]
fn column(a: &Digits, b: &Digits, k: usize, from: usize, to: usize) -> __m256i {
    let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    let mut i = from;
    while i + 1 < to {
        // SAFETY: the callers keep from <= i < to <= DIGITS and k - i within 0..DIGITS.
        unsafe {
            even = _mm256_add_epi64(
                even,
                _mm256_mul_epu32(*a.get_unchecked(i), *b.get_unchecked(k - i)),
            );
            odd = _mm256_add_epi64(
                odd,
                _mm256_mul_epu32(*a.get_unchecked(i + 1), *b.get_unchecked(k - i - 1)),
            );
        }
        i += 2;
    }
    if i < to {
        // SAFETY: as above.
        unsafe {
            even = _mm256_add_epi64(
                even,
                _mm256_mul_epu32(*a.get_unchecked(i), *b.get_unchecked(k - i)),
            )
        };
    }
    _mm256_add_epi64(even, odd)
}

/// Column k of the square of x; `twice` is x with doubled digits.
#[target_feature(enable = "avx2")]
fn square_column(x: &Digits, twice: &Digits, k: usize) -> __m256i {
    let sum = column(twice, x, k, (k + 1).saturating_sub(DIGITS), k.div_ceil(2));
    if k.is_multiple_of(2) {
        return _mm256_add_epi64(sum, _mm256_mul_epu32(x[k / 2], x[k / 2]));
    }
    sum
}

/// x <- x^2 / R mod n, below n + x^2 / R.
#[target_feature(enable = "avx2")]
fn square(x: &mut Digits, modulus: &Digits, inverse: __m256i) {
    let zero = _mm256_setzero_si256();
    let mask = _mm256_set1_epi64x((1 << BITS) - 1);
    let mut twice = [zero; DIGITS];
    for (slot, digit) in twice.iter_mut().zip(x.iter()) {
        *slot = _mm256_add_epi64(*digit, *digit);
    }
    let mut q = [zero; DIGITS];
    let mut out = [zero; DIGITS];
    let mut carry = zero;
    for k in 0..DIGITS {
        let sum = _mm256_add_epi64(square_column(x, &twice, k), column(&q, modulus, k, 0, k));
        let total = _mm256_add_epi64(sum, carry);
        let digit = _mm256_and_si256(_mm256_mul_epu32(total, inverse), mask);
        q[k] = digit;
        carry = _mm256_srli_epi64::<{ BITS as i32 }>(_mm256_add_epi64(
            total,
            _mm256_mul_epu32(digit, modulus[0]),
        ));
    }
    for k in DIGITS..2 * DIGITS - 1 {
        let sum = _mm256_add_epi64(
            square_column(x, &twice, k),
            column(&q, modulus, k, k + 1 - DIGITS, DIGITS),
        );
        let total = _mm256_add_epi64(sum, carry);
        out[k - DIGITS] = _mm256_and_si256(total, mask);
        carry = _mm256_srli_epi64::<{ BITS as i32 }>(total);
    }
    out[DIGITS - 1] = carry;
    *x = out;
}
