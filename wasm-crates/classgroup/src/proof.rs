//! Making y = g^(2^t) and pi = g^floor(2^t / B) (Wesolowski 2019, section 4.1).
//!
//! floor(2^t / B) is written in digits of k bits. With checkpoints C_i = g^(2^(i k l)) the digits i l + j of equal j share
//! a table of 2^k products, so that one pass costs t / (k l) multiplications.

use crate::wesolowski::{Phase, Progress, SolveError};
use crate::{Discriminant, ELEMENT_BYTES, Form};
use core::ops::ControlFlow;

/// Receives the progress of a proof; a break cancels it.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Most checkpoints kept, 258 bytes each: 8.5 MB.
const MAX_CHECKPOINTS: u64 = 1 << 15;

/// Longest digit in bits.
const MAX_DIGIT_BITS: u32 = 10;

/// Group operations between two reports, a few milliseconds also in WebAssembly.
const OPERATIONS_PER_REPORT: u64 = 100;

/// The cut of the exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Bits of a digit, k.
    digit_bits: u32,
    /// Digits between two checkpoints, l.
    stride: u64,
}

impl Shape {
    /// k = ln z - ln ln z + 1/4 with z = t ln 2 / 2 balances table and digits; l bounds the memory.
    fn new(difficulty: u32) -> Self {
        let z = f64::from(difficulty) * core::f64::consts::LN_2 / 2.0;
        let digit_bits = if z < 4.0 {
            1
        } else {
            (z.ln() - z.ln().ln() + 0.25).round() as u32
        };
        let digit_bits = digit_bits.clamp(1, MAX_DIGIT_BITS);
        let digits = u64::from(difficulty).div_ceil(u64::from(digit_bits));
        Self {
            digit_bits,
            stride: digits.div_ceil(MAX_CHECKPOINTS).max(1),
        }
    }

    fn squarings_per_checkpoint(&self) -> u64 {
        u64::from(self.digit_bits) * self.stride
    }
}

/// Powers g^(2^(i k l)) for ascending i, and the result of all squarings.
pub struct Squarings {
    /// g^(2^t).
    pub result: Form,
    checkpoints: Vec<[u8; ELEMENT_BYTES]>,
    shape: Shape,
    difficulty: u32,
}

impl Squarings {
    /// Squares `base` `difficulty` times.
    pub fn run(
        discriminant: &Discriminant,
        base: &Form,
        difficulty: u32,
        on_progress: OnProgress<'_>,
    ) -> Result<Self, SolveError> {
        let shape = Shape::new(difficulty);
        let spacing = shape.squarings_per_checkpoint();
        let total = u64::from(difficulty);
        let mut checkpoints = Vec::new();
        let mut form = base.clone();
        for done in 0..total {
            if done % spacing == 0 {
                checkpoints.push(form.encode());
            }
            if done % OPERATIONS_PER_REPORT == 0 {
                report(on_progress, Phase::Squaring, done, total)?;
            }
            form = form.square(discriminant);
        }
        report(on_progress, Phase::Squaring, total, total)?;
        Ok(Self {
            result: form,
            checkpoints,
            shape,
            difficulty,
        })
    }

    /// g^floor(2^t / prime).
    pub fn prove(
        &self,
        discriminant: &Discriminant,
        prime: u128,
        on_progress: OnProgress<'_>,
    ) -> Result<Form, SolveError> {
        let Shape { digit_bits, stride } = self.shape;
        let digits = u64::from(self.difficulty) / u64::from(digit_bits);
        let mut work = Work {
            done: 0,
            total: digits + (stride << (digit_bits + 1)),
            on_progress,
        };
        let mut proof = Form::identity(discriminant);
        for j in (0..stride).rev() {
            for _ in 0..digit_bits {
                proof = square(discriminant, proof);
            }
            let mut table = vec![None::<Form>; 1 << digit_bits];
            let mut quotient = QuotientDigits::new(self.difficulty, digit_bits, prime);
            while let Some((index, digit)) = quotient.next() {
                if index % stride != j || digit == 0 {
                    continue;
                }
                let checkpoint = usize::try_from(index / stride)
                    .ok()
                    .and_then(|i| self.checkpoints.get(i));
                let (Some(bytes), Some(slot)) = (checkpoint, table.get_mut(digit)) else {
                    continue;
                };
                let power = Form::decode_own(discriminant, bytes).ok_or(SolveError::Internal)?;
                *slot = Some(multiply(discriminant, slot.take(), power));
                work.step()?;
            }
            // The product of table[d]^d by running products from the top.
            let (mut running, mut sum) = (None::<Form>, None::<Form>);
            for entry in table.into_iter().skip(1).rev() {
                if let Some(form) = entry {
                    running = Some(multiply(discriminant, running, form));
                }
                if let Some(form) = &running {
                    sum = Some(multiply(discriminant, sum, form.clone()));
                }
                work.step()?;
            }
            if let Some(form) = sum {
                proof = proof.multiply(discriminant, &form);
            }
        }
        report(work.on_progress, Phase::Proof, work.total, work.total)?;
        Ok(proof)
    }
}

fn square(discriminant: &Discriminant, form: Form) -> Form {
    if form.is_identity() {
        form
    } else {
        form.square(discriminant)
    }
}

fn multiply(discriminant: &Discriminant, product: Option<Form>, factor: Form) -> Form {
    match product {
        Some(form) => form.multiply(discriminant, &factor),
        None => factor,
    }
}

fn report(
    on_progress: OnProgress<'_>,
    phase: Phase,
    done: u64,
    total: u64,
) -> Result<(), SolveError> {
    match on_progress(Progress { phase, done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(SolveError::Cancelled),
    }
}

/// Counts the multiplications of a proof.
struct Work<'a> {
    done: u64,
    total: u64,
    on_progress: OnProgress<'a>,
}

impl Work<'_> {
    fn step(&mut self) -> Result<(), SolveError> {
        self.done += 1;
        if self.done.is_multiple_of(OPERATIONS_PER_REPORT) {
            report(
                self.on_progress,
                Phase::Proof,
                self.done.min(self.total),
                self.total,
            )?;
        }
        Ok(())
    }
}

/// The digits of floor(2^t / prime) from the most significant down, by long division.
struct QuotientDigits {
    /// Digits not given yet.
    left: u64,
    digit_bits: u32,
    prime: u128,
    /// 2^(t - k left) mod prime.
    remainder: u128,
}

impl QuotientDigits {
    fn new(difficulty: u32, digit_bits: u32, prime: u128) -> Self {
        let mut digits = Self {
            left: u64::from(difficulty / digit_bits),
            digit_bits,
            prime,
            remainder: 1 % prime.max(1),
        };
        // Fewer than k bits remain above the full digits, and the prime has more than k bits unless it is tiny.
        digits.shift(difficulty % digit_bits);
        digits
    }

    /// floor(2^bits remainder / prime), the remainder updated.
    fn shift(&mut self, bits: u32) -> usize {
        let mut digit = 0;
        for _ in 0..bits {
            let over = self.remainder >> 127 == 1;
            self.remainder <<= 1;
            digit <<= 1;
            if over || self.remainder >= self.prime {
                self.remainder = self.remainder.wrapping_sub(self.prime);
                digit |= 1;
            }
        }
        digit
    }

    /// Index (0 is the least significant) and value of the next digit.
    fn next(&mut self) -> Option<(u64, usize)> {
        self.left = self.left.checked_sub(1)?;
        Some((self.left, self.shift(self.digit_bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    #[test]
    fn digits_are_those_of_the_quotient() {
        for (t, k, prime) in [
            (1000, 7, u128::MAX - 158),
            (999, 5, (1 << 89) - 1),
            (64, 3, 65_537),
            (5, 8, 1 << 80),
            (0, 1, 3),
        ] {
            let mut quotient = QuotientDigits::new(t, k, prime);
            let mut value = BigUint::ZERO;
            while let Some((_, digit)) = quotient.next() {
                value = (value << k) + digit;
            }
            assert_eq!(value, (BigUint::from(1u8) << t) / prime);
        }
    }

    #[test]
    fn checkpoints_stay_bounded() {
        for difficulty in [0, 1, 2, 100, 50_000, 10_000_000, u32::MAX] {
            let shape = Shape::new(difficulty);
            assert!(shape.digit_bits >= 1 && shape.digit_bits <= MAX_DIGIT_BITS);
            assert!(
                u64::from(difficulty).div_ceil(shape.squarings_per_checkpoint()) <= MAX_CHECKPOINTS
            );
        }
    }

    #[test]
    fn strided_checkpoints_give_the_same_proof() {
        let d = Discriminant::from_challenge(b"strides", 256).expect("a discriminant");
        let mut on_progress = |_: Progress| ControlFlow::Continue(());
        let x = Form::generator(&d);
        let prime = (1u128 << 89) - 1;
        let plain = Squarings::run(&d, &x, 777, &mut on_progress).expect("not cancelled");
        let expected = plain
            .prove(&d, prime, &mut on_progress)
            .expect("not cancelled");
        let exponent: BigUint = (BigUint::from(1u8) << 777) / prime;
        assert_eq!(expected, x.power(&d, &exponent.to_bytes_be()));
        for stride in [2, 3, 7] {
            let shape = Shape {
                stride,
                ..plain.shape
            };
            let spacing = shape.squarings_per_checkpoint();
            let checkpoints = (0..777)
                .step_by(spacing as usize)
                .map(|n| x.square_n(&d, n).encode())
                .collect();
            let strided = Squarings {
                result: plain.result.clone(),
                checkpoints,
                shape,
                difficulty: 777,
            };
            assert_eq!(
                strided
                    .prove(&d, prime, &mut on_progress)
                    .expect("not cancelled"),
                expected
            );
        }
    }
}
