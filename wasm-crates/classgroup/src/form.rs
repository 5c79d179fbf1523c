//! Binary quadratic forms: the elements of the class group (spec 11 section 1.2).

mod compose;

use crate::int::Int;
use crate::{Discriminant, Error};
use core::cmp::Ordering;

/// Bytes of half an encoded form.
const COEFFICIENT_BYTES: usize = 129;
/// Bytes of an encoded form: a then b, each 129 bytes of big-endian two's complement.
pub const ELEMENT_BYTES: usize = 2 * COEFFICIENT_BYTES;

/// A reduced form (a, b, c): b^2 - 4ac = D, -a < b <= a <= c, and b >= 0 when a = c.
///
/// Each class has exactly one reduced form, so equality of forms is equality of classes. A form
/// does not carry its discriminant; operations take it, and the caller keeps to one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    a: Int,
    b: Int,
    c: Int,
}

impl Form {
    /// The neutral element (1, 1, (1 - D) / 4).
    #[must_use]
    pub fn identity(discriminant: &Discriminant) -> Self {
        let one = Int::small(1);
        Self {
            a: one,
            b: one,
            c: discriminant.magnitude().add(&one).shifted_right(2),
        }
    }

    /// The generator of proofs x = (2, 1, (1 - D) / 8).
    #[must_use]
    pub fn generator(discriminant: &Discriminant) -> Self {
        let one = Int::small(1);
        Self {
            a: Int::small(2),
            b: one,
            c: discriminant.magnitude().add(&one).shifted_right(3),
        }
    }

    /// Whether this is the neutral element.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.a.is_one()
    }

    /// The inverse: b negated.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let fixed = self.a == self.b || self.a == self.c;
        Self {
            a: self.a,
            b: self.b.negated_if(!fixed),
            c: self.c,
        }
    }

    /// The encoding: a then b, 129 bytes each, big-endian two's complement.
    #[must_use]
    pub fn encode(&self) -> [u8; ELEMENT_BYTES] {
        let mut out = [0; ELEMENT_BYTES];
        let (a, b) = out.split_at_mut(COEFFICIENT_BYTES);
        self.a.write_twos_complement(a);
        self.b.write_twos_complement(b);
        out
    }

    /// Decodes a form that must be reduced as sent.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotPositive`], [`Error::OtherDiscriminant`], [`Error::NotReduced`].
    pub fn decode_strict(discriminant: &Discriminant, bytes: &[u8]) -> Result<Self, Error> {
        let form = Self::decode(discriminant, bytes)?;
        if form.is_reduced() {
            Ok(form)
        } else {
            Err(Error::NotReduced)
        }
    }

    /// Decodes a form and reduces it: the rule of joint verification (spec 11 section 3, hazard VH-2).
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotPositive`], [`Error::OtherDiscriminant`].
    pub fn decode_tolerant(discriminant: &Discriminant, bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::decode(discriminant, bytes)?.reduced())
    }

    /// Decodes what this crate encoded itself.
    pub(crate) fn decode_own(
        discriminant: &Discriminant,
        bytes: &[u8; ELEMENT_BYTES],
    ) -> Option<Self> {
        Self::decode(discriminant, bytes).ok()
    }

    /// A form of the discriminant, reduced or not.
    fn decode(discriminant: &Discriminant, bytes: &[u8]) -> Result<Self, Error> {
        let error = Error::Length(bytes.len());
        if bytes.len() != ELEMENT_BYTES {
            return Err(error);
        }
        let (a, b) = bytes.split_at(COEFFICIENT_BYTES);
        let a = Int::from_twos_complement(a).ok_or(Error::NotPositive)?;
        let b = Int::from_twos_complement(b).ok_or(Error::OtherDiscriminant)?;
        if a.is_zero() || a.is_negative() {
            return Err(Error::NotPositive);
        }
        let c = third_coefficient(discriminant, &a, &b).ok_or(Error::OtherDiscriminant)?;
        Ok(Self { a, b, c })
    }

    fn is_reduced(&self) -> bool {
        match self.b.cmp_abs(&self.a) {
            Ordering::Greater => return false,
            Ordering::Equal if self.b.is_negative() => return false,
            _ => {}
        }
        match self.a.cmp_abs(&self.c) {
            Ordering::Greater => false,
            Ordering::Equal => !self.b.is_negative(),
            Ordering::Less => true,
        }
    }

    /// The reduced form of the class, by Gauss' steps. Each step but the last two halves a at least, so their number is
    /// bounded by the bit length.
    fn reduced(mut self) -> Self {
        loop {
            self.normalise();
            match self.a.cmp_abs(&self.c) {
                Ordering::Greater => {
                    core::mem::swap(&mut self.a, &mut self.c);
                    self.b = self.b.negated();
                }
                Ordering::Equal => {
                    self.b = self.b.abs();
                    return self;
                }
                Ordering::Less => return self,
            }
        }
    }

    /// Brings b into (-a, a] by x -> x + q y.
    fn normalise(&mut self) {
        match self.b.cmp_abs(&self.a) {
            Ordering::Less => return,
            Ordering::Equal => {
                self.b = self.b.abs();
                return;
            }
            Ordering::Greater => {}
        }
        // b = 2aq + r with -a < r <= a, from |b| + a = 2aq' + s.
        let twice = self.a.doubled();
        let (mut q, mut r) = self.b.div_rem(&twice);
        let out_of_range = match r.cmp_abs(&self.a) {
            Ordering::Greater => true,
            Ordering::Equal => r.is_negative(),
            Ordering::Less => false,
        };
        if out_of_range {
            let one = Int::small(1).negated_if(r.is_negative());
            q = q.add(&one);
            r = r.sub(&twice.negated_if(r.is_negative()));
        }
        // c - q (b + r) / 2.
        self.c = self.c.sub(&q.mul(&self.b.add(&r).shifted_right(1)));
        self.b = r;
    }
}

/// c = (b^2 - D) / 4a when that is an integer.
fn third_coefficient(discriminant: &Discriminant, a: &Int, b: &Int) -> Option<Int> {
    let numerator = b.square().add(discriminant.magnitude());
    if !numerator.word(0).is_multiple_of(4) {
        return None;
    }
    numerator.shifted_right(2).checked_div_exact(a)
}
