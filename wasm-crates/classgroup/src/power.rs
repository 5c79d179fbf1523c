//! Exponentiation.

use crate::int::Int;
use crate::{Discriminant, Form};

/// Window of signed digits for one base: digits are odd and below 2^WINDOW in magnitude.
const WINDOW: u32 = 4;

/// Digits of the generator's exponent are read this many bits at a time.
const GENERATOR_WINDOW: u32 = 4;

impl Form {
    /// self^exponent for a big-endian exponent.
    #[must_use]
    pub fn power(&self, discriminant: &Discriminant, exponent: &[u8]) -> Self {
        power_product(discriminant, self, &SignedDigits::of_bytes(exponent), &[])
    }
}

/// base^exponent * x^generator_exponent with x the generator, sharing the squarings. The generator's small powers are short forms,
/// which multiply at a fraction of the cost.
pub(crate) fn with_generator(
    discriminant: &Discriminant,
    base: &Form,
    exponent: u128,
    generator_exponent: &Int,
) -> Form {
    let windows = generator_exponent.bit_length().div_ceil(GENERATOR_WINDOW);
    let digits: Vec<usize> = (0..windows)
        .map(|i| {
            (generator_exponent.word(i * GENERATOR_WINDOW) & ((1 << GENERATOR_WINDOW) - 1)) as usize
        })
        .collect();
    power_product(
        discriminant,
        base,
        &SignedDigits::of_bytes(&exponent.to_be_bytes()),
        &digits,
    )
}

fn power_product(
    discriminant: &Discriminant,
    base: &Form,
    exponent: &SignedDigits,
    generator: &[usize],
) -> Form {
    let odd_powers = odd_powers(discriminant, base);
    let mut generator_powers = vec![Form::identity(discriminant)];
    if !generator.is_empty() {
        let x = Form::generator(discriminant);
        for _ in 1..1usize << GENERATOR_WINDOW {
            let next = match generator_powers.last() {
                Some(last) if !last.is_identity() => last.multiply(discriminant, &x),
                _ => x.clone(),
            };
            generator_powers.push(next);
        }
    }
    let mut acc: Option<Form> = None;
    let steps = exponent
        .0
        .len()
        .max(generator.len() * GENERATOR_WINDOW as usize);
    for i in (0..steps).rev() {
        acc = acc.map(|form| form.square(discriminant));
        if let Some(&digit) = exponent.0.get(i).filter(|d| **d != 0)
            && let Some(power) = odd_powers.get(digit.unsigned_abs() as usize / 2)
        {
            let power = if digit < 0 {
                power.inverse()
            } else {
                power.clone()
            };
            acc = Some(times(discriminant, acc, power));
        }
        if i % GENERATOR_WINDOW as usize == 0
            && let Some(&digit) = generator
                .get(i / GENERATOR_WINDOW as usize)
                .filter(|d| **d != 0)
            && let Some(power) = generator_powers.get(digit)
        {
            acc = Some(times(discriminant, acc, power.clone()));
        }
    }
    acc.unwrap_or_else(|| Form::identity(discriminant))
}

fn times(discriminant: &Discriminant, acc: Option<Form>, factor: Form) -> Form {
    match acc {
        Some(form) => form.multiply(discriminant, &factor),
        None => factor,
    }
}

/// base, base^3, base^5, .. base^(2^WINDOW - 1).
fn odd_powers(discriminant: &Discriminant, base: &Form) -> Vec<Form> {
    let square = base.square(discriminant);
    let mut powers = vec![base.clone()];
    for _ in 1..1usize << (WINDOW - 1) {
        if let Some(next) = powers
            .last()
            .map(|last| last.multiply(discriminant, &square))
        {
            powers.push(next);
        }
    }
    powers
}

/// Signed odd digits with WINDOW zeros between two of them, least significant first: inverses cost nothing in a class group.
struct SignedDigits(Vec<i32>);

impl SignedDigits {
    fn of_bytes(exponent: &[u8]) -> Self {
        // Bits, least significant first, with room for the last carry.
        let bits: Vec<i32> = exponent
            .iter()
            .rev()
            .flat_map(|byte| (0..8).map(move |i| i32::from(byte >> i & 1)))
            .chain([0; WINDOW as usize + 2])
            .collect();
        let mut digits = vec![0; bits.len()];
        let (mut i, mut carry) = (0usize, 0);
        while i < bits.len() {
            let bit = bits[i] + carry;
            if bit & 1 == 0 {
                carry = bit >> 1;
                i += 1;
                continue;
            }
            let end = (i + WINDOW as usize + 1).min(bits.len());
            let value = bits[i..end].iter().rev().fold(0, |v, b| v << 1 | b) + carry;
            let wrap = value >> WINDOW & 1;
            digits[i] = value - (wrap << (WINDOW + 1));
            carry = wrap;
            i = end;
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_digits_stand_for_their_number() {
        for n in (0..70_000u64).chain([u64::MAX, u64::MAX - 1, 1 << 63, 0x5555_5555_5555_5555]) {
            let digits = SignedDigits::of_bytes(&n.to_be_bytes()).0;
            let value = digits
                .iter()
                .rev()
                .fold(0i128, |v, &d| 2 * v + i128::from(d));
            assert_eq!(value, i128::from(n));
            assert!(
                digits
                    .iter()
                    .all(|&d| d == 0 || (d & 1 == 1 && d.abs() < 1 << WINDOW))
            );
        }
    }
}
