//! F_{p^8} = F_{p^4}(w), w^2 = -v: the field of G2, and the only extension that is serialised
//! (spec 10 section 1.1).

use limbs::field;
use subtle::Choice;

use crate::fp::{FP_BYTES, Fp};
use crate::fp2::Fp2;
use crate::fp4::Fp4;
use crate::frobenius;
use crate::tower::{Adjoined, Quadratic, Tower};

/// `c0 + c1 w`.
pub type Fp8 = Quadratic<Fp4>;

/// Bytes of an element on the wire.
pub const FP8_BYTES: usize = 8 * FP_BYTES;

impl Adjoined for Fp4 {
    fn root_to_p_minus_1() -> &'static Self {
        &frobenius::constants().w
    }
}

impl Fp8 {
    /// Coefficients in the order `1, i, v, vi, w, wi, wv, wvi`.
    pub fn coefficients(&self) -> [Fp; 8] {
        let (low, high) = (&self.c0, &self.c1);
        [
            low.c0.c0, low.c0.c1, low.c1.c0, low.c1.c1, high.c0.c0, high.c0.c1, high.c1.c0,
            high.c1.c1,
        ]
    }

    /// The element of coefficients in the order of [`Fp8::coefficients`].
    pub const fn from_coefficients(c: [Fp; 8]) -> Self {
        Self::new(
            Fp4::new(Fp2::new(c[0], c[1]), Fp2::new(c[2], c[3])),
            Fp4::new(Fp2::new(c[4], c[5]), Fp2::new(c[6], c[7])),
        )
    }

    /// 584 bytes, coefficients highest first.
    pub fn to_bytes(&self) -> [u8; FP8_BYTES] {
        let mut out = [0u8; FP8_BYTES];
        for (chunk, c) in out
            .chunks_exact_mut(FP_BYTES)
            .rev()
            .zip(self.coefficients())
        {
            chunk.copy_from_slice(&field::Kernel::to_bytes(&c));
        }
        out
    }

    /// The element of 584 bytes; `None` when a coefficient is not below p.
    pub fn from_bytes(bytes: &[u8; FP8_BYTES]) -> Option<Self> {
        let mut coefficients = [<Fp as Tower>::ZERO; 8];
        let (chunks, _) = bytes.as_chunks::<FP_BYTES>();
        for (chunk, c) in chunks.iter().rev().zip(&mut coefficients) {
            *c = field::Kernel::from_bytes(chunk)?;
        }
        Some(Self::from_coefficients(coefficients))
    }

    /// The element of 584 bytes, each coefficient reduced modulo p.
    pub(crate) fn from_bytes_reduced(bytes: &[u8; FP8_BYTES]) -> Self {
        let mut coefficients = [<Fp as Tower>::ZERO; 8];
        for (chunk, c) in bytes.chunks_exact(FP_BYTES).rev().zip(&mut coefficients) {
            *c = field::Kernel::from_bytes_reduced(chunk);
        }
        Self::from_coefficients(coefficients)
    }

    /// sgn0: the parity of the first coefficient that is not 0; constant time.
    pub fn sign(&self) -> u8 {
        let (mut sign, mut decided) = (0u8, 0u8);
        for c in self.coefficients() {
            let words = field::Kernel::to_words(&c);
            let any = u8::from(words.iter().fold(0, |acc, word| acc | word) != 0);
            sign |= (words[0] & 1) as u8 & !decided;
            decided |= any;
        }
        sign & 1
    }

    /// `-self` if `choice` is set; no branch.
    pub fn negate_if(&self, choice: Choice) -> Self {
        Self::select(self, &self.neg(), choice)
    }
}
