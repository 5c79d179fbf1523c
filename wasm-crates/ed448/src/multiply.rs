//! Multiples of points: constant time for secrets, variable time for verification.

use crate::point::{Point, Prepared, PreparedAffine, Projective};
use crate::scalar::Scalar;
use std::sync::OnceLock;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Signed digits of base 16 of a 448-bit number, and the last carry.
const DIGITS: usize = 113;
/// Rows of the table of the base point: one for every second digit.
const ROWS: usize = 56;

/// Digits -8..=7, lowest first; the last is the carry, 0 or 1.
fn signed_digits(scalar: &Scalar) -> Zeroizing<[i8; DIGITS]> {
    let bytes = Zeroizing::new(scalar.to_bytes());
    let mut digits = Zeroizing::new([0i8; DIGITS]);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes.iter()) {
        pair[0] = (byte & 15) as i8;
        pair[1] = (byte >> 4) as i8;
    }
    let mut carry = 0;
    for digit in digits.iter_mut() {
        *digit += carry;
        carry = (*digit + 8) >> 4;
        *digit -= carry << 4;
    }
    digits
}

/// The multiple of a table of 1 to 8 times a point that the digit names, reading the whole table.
#[inline(always)]
fn look_up<T: ConditionallySelectable>(
    table: &[T; 8],
    identity: T,
    digit: i8,
    negate_if: impl Fn(&T, Choice) -> T,
) -> T {
    let sign = digit >> 7;
    let magnitude = ((digit ^ sign) - sign) as u8;
    let mut found = identity;
    for (entry, index) in table.iter().zip(1u8..) {
        found.conditional_assign(entry, magnitude.ct_eq(&index));
    }
    negate_if(&found, Choice::from(sign as u8 & 1))
}

/// Row i holds 1 to 8 times 256^i B.
fn base_table() -> &'static [[PreparedAffine; 8]; ROWS] {
    static TABLE: OnceLock<Box<[[PreparedAffine; 8]; ROWS]>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut points = Vec::with_capacity(8 * ROWS);
        let mut row = Point::base();
        for _ in 0..ROWS {
            let mut multiple = row;
            for _ in 0..8 {
                points.push(multiple);
                multiple = multiple.add(&row);
            }
            for _ in 0..8 {
                row = row.double();
            }
        }
        let prepared = Point::prepare_affine(&points);
        let mut table = Box::new([[PreparedAffine::IDENTITY; 8]; ROWS]);
        for (row, from) in table.iter_mut().zip(prepared.chunks_exact(8)) {
            row.copy_from_slice(from);
        }
        table
    })
}

/// The multiple of the base point of Ed448, constant time.
#[must_use]
pub fn fixed_base(scalar: &Scalar) -> Point {
    // Below L the highest digit absorbs its carry: 112 digits.
    let digits = signed_digits(&scalar.reduce());
    let table = base_table();
    let add = |sum: Point, (row, pair): (&[PreparedAffine; 8], &[i8]), which: usize| {
        let entry = look_up(
            row,
            PreparedAffine::IDENTITY,
            pair[which],
            PreparedAffine::negate_if,
        );
        sum.add_affine(&entry).extended()
    };
    let rows = || table.iter().zip(digits.chunks_exact(2));
    let mut sum = Point::IDENTITY;
    for row in rows() {
        sum = add(sum, row, 1);
    }
    for _ in 0..4 {
        sum = sum.double();
    }
    for row in rows() {
        sum = add(sum, row, 0);
    }
    sum
}

/// The multiple of any point, constant time in the scalar. All 448 bits count: a component of small order is multiplied
/// by the number itself, not by the number modulo L.
#[must_use]
pub fn variable_base(scalar: &Scalar, point: &Point) -> Point {
    let mut table = Zeroizing::new([Prepared::IDENTITY; 8]);
    let first = point.prepare();
    let mut multiple = *point;
    for entry in table.iter_mut() {
        *entry = multiple.prepare();
        multiple = multiple.add_prepared(&first).extended();
    }
    let digits = signed_digits(scalar);
    let mut sum = Point::IDENTITY;
    for digit in digits.iter().rev() {
        let mut doubled = sum.projective();
        for _ in 0..3 {
            doubled = doubled.double().projective();
        }
        sum = doubled.double().extended();
        let entry = look_up(&table, Prepared::IDENTITY, *digit, Prepared::negate_if);
        sum = sum.add_prepared(&entry).extended();
    }
    sum
}

/// Odd digits of absolute value below 2^(width-1), zeros between them: the non-adjacent form. Variable time.
fn non_adjacent_form(scalar: &Scalar, width: u32) -> [i8; 450] {
    let mut words = [0u64; 8];
    for (word, bytes) in words.iter_mut().zip(scalar.to_bytes().chunks_exact(8)) {
        for (byte, shift) in bytes.iter().zip((0u32..).step_by(8)) {
            *word |= u64::from(*byte) << shift;
        }
    }
    let mut digits = [0i8; 450];
    let (mut position, mut carry) = (0usize, 0u64);
    while position < digits.len() {
        let (word, bit) = (position / 64, position % 64);
        let mut window = words[word] >> bit;
        if bit > 0 && word + 1 < words.len() {
            window |= words[word + 1] << (64 - bit);
        }
        let window = carry + (window & ((1 << width) - 1));
        if window & 1 == 0 {
            position += 1;
            continue;
        }
        carry = window >> (width - 1);
        digits[position] = (window as i64 - ((carry as i64) << width)) as i8;
        position += width as usize;
    }
    digits
}

/// 1, 3, 5 .. 127 times the base point.
fn odd_base_multiples() -> &'static [PreparedAffine] {
    static TABLE: OnceLock<Vec<PreparedAffine>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let two = Point::base().double();
        let mut multiple = Point::base();
        let mut points = Vec::with_capacity(64);
        for _ in 0..64 {
            points.push(multiple);
            multiple = multiple.add(&two);
        }
        Point::prepare_affine(&points)
    })
}

/// P, 3 P, 5 P .. 15 P.
fn odd_multiples(point: &Point) -> [Prepared; 8] {
    let two = point.double().prepare();
    let mut multiple = *point;
    core::array::from_fn(|_| {
        let entry = multiple.prepare();
        multiple = multiple.add_prepared(&two).extended();
        entry
    })
}

/// A public number times a public point, one digit after the other.
struct PublicTerm {
    digits: [i8; 450],
    odd: [Prepared; 8],
}

impl PublicTerm {
    fn new(scalar: &Scalar, point: &Point) -> Self {
        Self {
            digits: non_adjacent_form(scalar, 5),
            odd: odd_multiples(point),
        }
    }

    /// What is added at this position, if anything.
    #[inline]
    fn at(&self, position: usize) -> Option<Prepared> {
        let digit = self.digits[position];
        let entry = self.odd.get(odd_index(digit)).filter(|_| digit != 0)?;
        Some(entry.negate_if(negative(digit)))
    }
}

fn negative(digit: i8) -> Choice {
    Choice::from(u8::from(digit < 0))
}

fn odd_index(digit: i8) -> usize {
    usize::from(digit.unsigned_abs() / 2)
}

/// `a B + b P` in variable time: for public values only. a and b are below 2^448.
#[must_use]
pub fn double_base_public(a: &Scalar, b: &Scalar, point: &Point) -> Point {
    sum_public(a, &[PublicTerm::new(b, point)])
}

/// `a B + b_1 P_1 + b_2 P_2 + ..` in variable time: for public values only. The doublings are shared, so a short b costs
/// little. All numbers are below 2^448.
#[must_use]
pub fn many_public(a: &Scalar, terms: &[(Scalar, Point)]) -> Point {
    let terms: Vec<PublicTerm> = terms
        .iter()
        .map(|(scalar, point)| PublicTerm::new(scalar, point))
        .collect();
    sum_public(a, &terms)
}

fn sum_public(a: &Scalar, terms: &[PublicTerm]) -> Point {
    let a_digits = non_adjacent_form(a, 8);
    let base = odd_base_multiples();
    let mut sum = Projective::IDENTITY;
    for (position, a) in a_digits.iter().enumerate().rev() {
        let mut step = sum.double();
        // T is computed only where an addition follows.
        for entry in terms.iter().filter_map(|term| term.at(position)) {
            step = step.extended().add_prepared(&entry);
        }
        if let Some(entry) = base.get(odd_index(*a)).filter(|_| *a != 0) {
            let entry = entry.negate_if(negative(*a));
            step = step.extended().add_affine(&entry);
        }
        sum = step.projective();
    }
    sum.extended()
}
