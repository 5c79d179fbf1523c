//! Eight elements side by side in AVX-512 vectors, 52-bit limbs, products by `vpmadd52`: the
//! coefficients of one element of F_{p^8}, in the order `1, i, v, vi, w, wi, wv, wvi` (spec 10
//! section 1.1). R = 2^624.
//!
//! A product of two elements of F_{p^4} is the sum over j of `a_j (e_j b)` with e_j the basis: the
//! multiples `e_j b` need permutations, signs and carries only, and all 16 products run into the same
//! columns. Two such products share a vector; Karatsuba over w needs three.
//!
//! Limbs are carried to 52 bits (the multiplier reads no more), values are never negative and loosely
//! reduced as in [`super::Kernel`]. Wide values are signed columns.

use core::arch::x86_64::*;

use super::Kernel as _;
use super::kernel::unrolled;
use super::modulus::{MODULUS, WORDS, negative_inverse, power_of_two, shifted};
use super::words;

/// Limbs of an element.
const LIMBS: usize = 12;
/// Columns of a product.
const COLUMNS: usize = 2 * LIMBS;
/// Bits of a limb.
const BITS: u32 = 52;
/// The bits of a limb.
const MASK: u64 = (1 << BITS) - 1;
/// The limbs of p.
const P: [u64; LIMBS] = split(&MODULUS);
/// `-p^-1 mod 2^52`.
const N0: u64 = negative_inverse() & MASK;
/// `2^52 / (p / 2^572)`, rounded down.
const RECIPROCAL: u64 =
    ((1u128 << (2 * BITS)) / (((P[LIMBS - 1] as u128) << BITS | P[LIMBS - 2] as u128) + 1)) as u64;
/// Brings R = 2^640 of [`words`] to R = 2^624, and back.
const ENTER: [u64; LIMBS] = split(&power_of_two(608));
const LEAVE: [u64; LIMBS] = split(&power_of_two(640));

/// One vector per limb or column.
type Row = [u64; 8];

/// An element of F_{p^8}.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Octet([Row; LIMBS]);

/// A sum of products of elements of F_{p^8}.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct OctetWide([Row; COLUMNS]);

type Limbs = [__m512i; LIMBS];
type Columns = [__m512i; COLUMNS];

/// Whether this machine has the instructions.
#[inline]
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

const fn split(words: &[u64; WORDS]) -> [u64; LIMBS] {
    let mut out = [0u64; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        let at = i * BITS as usize;
        let mut bits = words[at / 64] >> (at % 64);
        if at % 64 > 12 && at / 64 + 1 < WORDS {
            bits |= words[at / 64 + 1] << (64 - at % 64);
        }
        out[i] = bits & MASK;
        i += 1;
    }
    out
}

fn join(limbs: impl Iterator<Item = u64>) -> [u64; WORDS] {
    let mut out = [0u64; WORDS];
    for (i, limb) in limbs.enumerate() {
        let at = i * BITS as usize;
        out[at / 64] |= limb << (at % 64);
        if at % 64 > 12 && at / 64 + 1 < WORDS {
            out[at / 64 + 1] |= limb >> (64 - at % 64);
        }
    }
    out
}

/// A signed lane permutation in two terms: lane k of the result is `plus/minus x[first[k]]`, and for the
/// lanes of `second_plus` or `second_minus` also `x[second[k]]`.
struct Turn {
    first: [u64; 8],
    first_minus: u8,
    second: [u64; 8],
    second_plus: u8,
    second_minus: u8,
}

/// Multiplication by i.
const TIMES_I: usize = 0;
/// Multiplication by v: `v^2 = -(1 + i)`.
const TIMES_V: usize = 1;
/// Multiplication by w: `w^2 = -v`.
const TIMES_W: usize = 2;
/// Multiplication by -w.
const TIMES_MINUS_W: usize = 3;
/// For the upper half multiplication by v, for the lower by 1.
const UPPER_TIMES_V: usize = 4;
/// The turns under their numbers.
const TURNS: [Turn; 5] = [
    // TIMES_I
    Turn {
        first: [1, 0, 3, 2, 5, 4, 7, 6],
        first_minus: 0b0101_0101,
        second: [0; 8],
        second_plus: 0,
        second_minus: 0,
    },
    // TIMES_V
    Turn {
        first: [3, 3, 0, 1, 7, 7, 4, 5],
        first_minus: 0b0010_0010,
        second: [2, 2, 0, 0, 6, 6, 0, 0],
        second_plus: 0,
        second_minus: 0b0011_0011,
    },
    // TIMES_W
    Turn {
        first: [7, 7, 4, 5, 0, 1, 2, 3],
        first_minus: 0b0000_1101,
        second: [6, 6, 0, 0, 0, 0, 0, 0],
        second_plus: 0b0000_0011,
        second_minus: 0,
    },
    // TIMES_MINUS_W
    Turn {
        first: [7, 7, 4, 5, 0, 1, 2, 3],
        first_minus: 0b1111_0010,
        second: [6, 6, 0, 0, 0, 0, 0, 0],
        second_plus: 0,
        second_minus: 0b0000_0011,
    },
    // UPPER_TIMES_V
    Turn {
        first: [0, 1, 2, 3, 7, 7, 4, 5],
        first_minus: 0b0010_0000,
        second: [0, 0, 0, 0, 6, 6, 0, 0],
        second_plus: 0,
        second_minus: 0b0011_0000,
    },
];

/// Lane j of each half, in all lanes of the half.
const SPREAD: [Row; 4] = [
    [0, 0, 0, 0, 4, 4, 4, 4],
    [1, 1, 1, 1, 5, 5, 5, 5],
    [2, 2, 2, 2, 6, 6, 6, 6],
    [3, 3, 3, 3, 7, 7, 7, 7],
];
/// Lanes 0 and 2, then 1 and 3, each in all lanes of one half.
const SPREAD_CROSS: [Row; 2] = [[0, 0, 0, 0, 2, 2, 2, 2], [1, 1, 1, 1, 3, 3, 3, 3]];

#[target_feature(enable = "avx512f")]
fn load<const N: usize>(rows: &[Row; N]) -> [__m512i; N] {
    // SAFETY: a row is 64 readable bytes.
    core::array::from_fn(|i| unsafe { _mm512_loadu_si512(rows[i].as_ptr().cast()) })
}

#[target_feature(enable = "avx512f")]
fn store<const N: usize>(rows: &mut [Row; N], values: &[__m512i; N]) {
    for (row, value) in rows.iter_mut().zip(values) {
        // SAFETY: a row is 64 writable bytes.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), *value) };
    }
}

#[target_feature(enable = "avx512f")]
fn all(value: u64) -> __m512i {
    _mm512_set1_epi64(value as i64)
}

/// Carries signed limbs from the bottom up.
#[target_feature(enable = "avx512f")]
fn carry(limbs: &mut Limbs) {
    let mask = all(MASK);
    for i in 0..LIMBS - 1 {
        let over = _mm512_srai_epi64::<BITS>(limbs[i]);
        limbs[i] = _mm512_and_si512(limbs[i], mask);
        limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], over);
    }
}

/// `acc + turn(x)` of one vector.
#[inline]
#[target_feature(enable = "avx512f")]
fn turned<const T: usize>(acc: __m512i, x: __m512i) -> __m512i {
    let turn = const { &TURNS[T] };
    let [first, second] = load(&[turn.first, turn.second]);
    let y = _mm512_permutexvar_epi64(first, x);
    let mut acc = _mm512_mask_sub_epi64(acc, turn.first_minus, acc, y);
    acc = _mm512_mask_add_epi64(acc, !turn.first_minus, acc, y);
    if turn.second_plus | turn.second_minus != 0 {
        let z = _mm512_permutexvar_epi64(second, x);
        acc = _mm512_mask_add_epi64(acc, turn.second_plus, acc, z);
        acc = _mm512_mask_sub_epi64(acc, turn.second_minus, acc, z);
    }
    acc
}

/// `turn(x) + bias`, carried.
#[inline]
#[target_feature(enable = "avx512f")]
fn multiple<const T: usize>(x: &Limbs, bias: &[u64; LIMBS]) -> Limbs {
    let mut out = core::array::from_fn(|i| turned::<T>(all(bias[i]), x[i]));
    carry(&mut out);
    out
}

/// Subtracts a multiple of p: below 1.1 p remains.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn tidy(x: &mut Limbs) {
    let zero = _mm512_setzero_si512();
    let quotient = _mm512_madd52hi_epu64(zero, x[LIMBS - 1], all(RECIPROCAL));
    for i in 0..LIMBS {
        let p = all(P[i]);
        x[i] = _mm512_sub_epi64(x[i], _mm512_madd52lo_epu64(zero, quotient, p));
        if i + 1 < LIMBS {
            x[i + 1] = _mm512_sub_epi64(x[i + 1], _mm512_madd52hi_epu64(zero, quotient, p));
        }
    }
    carry(x);
}

/// `acc += factor * x` over twelve limbs; `factor` gives the vector of each of its limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate(acc: &mut Columns, factor: impl Fn(usize) -> __m512i, x: &Limbs) {
    unrolled!(L in [0 1 2 3 4 5 6 7 8 9 10 11] {
        let y = factor(L);
        unrolled!(M in [0 1 2 3 4 5 6 7 8 9 10 11] {
            acc[L + M] = _mm512_madd52lo_epu64(acc[L + M], y, x[M]);
            acc[L + M + 1] = _mm512_madd52hi_epu64(acc[L + M + 1], y, x[M]);
        });
    });
}

/// Carries every signed column once: at most 2^52 and a bit.
#[inline]
#[target_feature(enable = "avx512f")]
fn settle(acc: &mut Columns) {
    let mask = all(MASK);
    for i in (1..COLUMNS).rev() {
        let keep = if i + 1 < COLUMNS {
            _mm512_and_si512(acc[i], mask)
        } else {
            acc[i]
        };
        acc[i] = _mm512_add_epi64(keep, _mm512_srai_epi64::<BITS>(acc[i - 1]));
    }
    acc[0] = _mm512_and_si512(acc[0], mask);
}

/// Karatsuba over w, with x0, x1 and y0, y1 in F_{p^4}: six vector products instead of eight.
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_wide(a: &Octet, b: &Octet, out: &mut OctetWide) {
    const BIAS: [[u64; LIMBS]; 3] = [split(&shifted(8)), split(&shifted(9)), split(&shifted(10))];
    let zero = [_mm512_setzero_si512(); COLUMNS];
    let (a, b) = (load(&a.0), load(&b.0));
    // x0 y0 in the lower half, x1 y1 in the upper.
    let b_v = multiple::<TIMES_V>(&b, &BIAS[0]);
    let pure = [
        (b, SPREAD[0]),
        (multiple::<TIMES_I>(&b, &BIAS[0]), SPREAD[1]),
        (b_v, SPREAD[2]),
        (multiple::<TIMES_I>(&b_v, &BIAS[1]), SPREAD[3]),
    ];
    let mut acc = zero;
    for (x, spread) in &pure {
        let [lanes] = load(&[*spread]);
        accumulate(&mut acc, |limb| _mm512_permutexvar_epi64(lanes, a[limb]), x);
    }
    // (x0 + x1)(y0 + y1): the terms of 1 and i in the lower half, of v and v i in the upper.
    let (s, t) = (folded(&a), folded(&b));
    let t_1 = multiple::<UPPER_TIMES_V>(&t, &BIAS[1]);
    let cross = [
        (t_1, SPREAD_CROSS[0]),
        (multiple::<TIMES_I>(&t_1, &BIAS[2]), SPREAD_CROSS[1]),
    ];
    let mut mixed = zero;
    for (x, spread) in &cross {
        let [lanes] = load(&[*spread]);
        accumulate(
            &mut mixed,
            |limb| _mm512_permutexvar_epi64(lanes, s[limb]),
            x,
        );
    }
    for i in 0..COLUMNS {
        // Upper half: both halves of the mixed terms minus both pure ones. Lower: x0 y0 - v x1 y1.
        let rest = _mm512_sub_epi64(mixed[i], acc[i]);
        let upper = _mm512_add_epi64(rest, _mm512_shuffle_i64x2::<0b0100_1110>(rest, rest));
        let lower = turned::<TIMES_W>(acc[i], acc[i]);
        acc[i] = _mm512_mask_blend_epi64(0b1111_0000, lower, upper);
    }
    settle(&mut acc);
    store(&mut out.0, &acc);
}

/// The sum of both halves, in both halves.
#[inline]
#[target_feature(enable = "avx512f")]
fn folded(x: &Limbs) -> Limbs {
    let mut out = core::array::from_fn(|i| {
        _mm512_add_epi64(x[i], _mm512_shuffle_i64x2::<0b0100_1110>(x[i], x[i]))
    });
    carry(&mut out);
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_columns(t: &mut Columns) -> Limbs {
    let zero = _mm512_setzero_si512();
    let n0 = all(N0);
    unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11] {
        let m = _mm512_madd52lo_epu64(zero, t[I], n0);
        unrolled!(J in [0 1 2 3 4 5 6 7 8 9 10 11] {
            let p = all(P[J]);
            t[I + J] = _mm512_madd52lo_epu64(t[I + J], m, p);
            t[I + J + 1] = _mm512_madd52hi_epu64(t[I + J + 1], m, p);
        });
        t[I + 1] = _mm512_add_epi64(t[I + 1], _mm512_srai_epi64::<BITS>(t[I]));
    });
    // Signed and small against R p: adding p makes it positive and below 2 p.
    let mut out = core::array::from_fn(|i| _mm512_add_epi64(t[LIMBS + i], all(P[i])));
    carry(&mut out);
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce(wide: &OctetWide) -> Octet {
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &reduce_columns(&mut load(&wide.0)));
    out
}

/// All eight lanes times one constant, reduced.
#[target_feature(enable = "avx512f,avx512ifma")]
fn scale(x: &Octet, by: &[u64; LIMBS]) -> Octet {
    let mut acc = [_mm512_setzero_si512(); COLUMNS];
    accumulate(&mut acc, |limb| all(by[limb]), &load(&x.0));
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &reduce_columns(&mut acc));
    out
}

/// Every lane times the same lane of the other, reduced.
#[target_feature(enable = "avx512f,avx512ifma")]
fn lane_products(x: &Octet, y: &Octet) -> Octet {
    let mut acc = [_mm512_setzero_si512(); COLUMNS];
    let x = load(&x.0);
    accumulate(&mut acc, |limb| x[limb], &load(&y.0));
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &reduce_columns(&mut acc));
    out
}

/// `x + y`, or `x - y + 256 p` tidied.
#[target_feature(enable = "avx512f,avx512ifma")]
fn combine(x: &Octet, y: &Octet, minus: bool) -> Octet {
    const BIAS: [u64; LIMBS] = split(&shifted(8));
    let (x, y) = (load(&x.0), load(&y.0));
    let mut sum: Limbs = core::array::from_fn(|i| {
        if minus {
            _mm512_sub_epi64(_mm512_add_epi64(x[i], all(BIAS[i])), y[i])
        } else {
            _mm512_add_epi64(x[i], y[i])
        }
    });
    carry(&mut sum);
    if minus {
        tidy(&mut sum);
    }
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &sum);
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn tidied(x: &Octet) -> Octet {
    let mut limbs = load(&x.0);
    tidy(&mut limbs);
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &limbs);
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn times_minus_w(x: &Octet) -> Octet {
    const BIAS: [u64; LIMBS] = split(&shifted(9));
    let mut limbs = multiple::<TIMES_MINUS_W>(&load(&x.0), &BIAS);
    tidy(&mut limbs);
    let mut out = Octet([[0; 8]; LIMBS]);
    store(&mut out.0, &limbs);
    out
}

#[target_feature(enable = "avx512f")]
fn wide_turned<const T: usize>(acc: &mut OctetWide, term: &OctetWide) {
    let (old, term) = (load(&acc.0), load(&term.0));
    let new = core::array::from_fn(|i| turned::<T>(old[i], term[i]));
    store::<COLUMNS>(&mut acc.0, &new);
}

#[target_feature(enable = "avx512f")]
fn wide_combine(acc: &mut OctetWide, term: &OctetWide, minus: bool) {
    let (old, term) = (load(&acc.0), load(&term.0));
    let new = core::array::from_fn(|i| {
        if minus {
            _mm512_sub_epi64(old[i], term[i])
        } else {
            _mm512_add_epi64(old[i], term[i])
        }
    });
    store::<COLUMNS>(&mut acc.0, &new);
}

/// Runs a function that needs the instructions. Whoever holds an [`Octet`] has asked [`available`]; the
/// check keeps a caller that has not from executing unknown instructions.
macro_rules! with_units {
    ($call:expr) => {{
        assert!(available(), "AVX-512 IFMA is not available");
        // SAFETY: the instructions were found above.
        unsafe { $call }
    }};
}

impl Octet {
    /// 0.
    pub const ZERO: Self = Self([[0; 8]; LIMBS]);
    /// 1.
    pub const ONE: Self = {
        let one = split(&power_of_two(624));
        let mut rows = [[0; 8]; LIMBS];
        let mut i = 0;
        while i < LIMBS {
            rows[i][0] = one[i];
            i += 1;
        }
        Self(rows)
    };

    /// The element with these coefficients.
    pub fn from_elements(elements: &[words::Element; 8]) -> Self {
        let mut rows = [[0; 8]; LIMBS];
        for (lane, element) in elements.iter().enumerate() {
            for (row, limb) in rows.iter_mut().zip(split(element.montgomery_words())) {
                row[lane] = limb;
            }
        }
        with_units!(scale(&Self(rows), &ENTER))
    }

    /// The coefficients.
    pub fn to_elements(&self) -> [words::Element; 8] {
        let plain = with_units!(scale(self, &LEAVE));
        core::array::from_fn(|lane| {
            words::Element::from_montgomery_words(join(plain.0.iter().map(|row| row[lane]))).tidy()
        })
    }

    /// Sum, not reduced.
    pub fn add(&self, other: &Self) -> Self {
        with_units!(combine(self, other, false))
    }

    /// Difference, below 1.1 p; what is subtracted must be below 256 p.
    pub fn sub(&self, other: &Self) -> Self {
        with_units!(combine(self, other, true))
    }

    /// The same value with coefficients below 1.1 p.
    pub fn tidy(&self) -> Self {
        with_units!(tidied(self))
    }

    /// `-w self`, below 1.1 p.
    pub fn times_minus_w(&self) -> Self {
        with_units!(times_minus_w(self))
    }

    /// The products lane by lane, for eight independent elements instead of one of F_{p^8}; both below 128 p.
    pub fn mul_lanes(&self, other: &Self) -> Self {
        with_units!(lane_products(self, other))
    }

    /// `out = self * other`; both below 128 p.
    pub fn mul_wide(&self, other: &Self, out: &mut OctetWide) {
        with_units!(mul_wide(self, other, out));
    }
}

impl OctetWide {
    /// 0.
    pub const ZERO: Self = Self([[0; 8]; COLUMNS]);

    /// The Montgomery reduction of all coefficients.
    pub fn reduce(&self) -> Octet {
        with_units!(reduce(self))
    }

    /// `self += term`.
    pub fn add(&mut self, term: &Self) {
        with_units!(wide_combine(self, term, false));
    }

    /// `self -= term`.
    pub fn sub(&mut self, term: &Self) {
        with_units!(wide_combine(self, term, true));
    }

    /// `self += -w term`.
    pub fn add_times_minus_w(&mut self, term: &Self) {
        with_units!(wide_turned::<TIMES_MINUS_W>(self, term));
    }

    /// `self -= -w term`.
    pub fn sub_times_minus_w(&mut self, term: &Self) {
        with_units!(wide_turned::<TIMES_W>(self, term));
    }
}
