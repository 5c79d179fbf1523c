//! F_{p^16} = F_{p^8}(s), s^2 = -w (spec 10 section 1.1).

use crate::fp8::Fp8;
use crate::frobenius;
use crate::tower::{Adjoined, Quadratic, QuadraticWide, Tower};

/// `c0 + c1 s`.
pub type Fp16 = Quadratic<Fp8>;

/// The wide form of [`Fp16`].
pub(crate) type Fp16Wide = QuadraticWide<<Fp8 as Tower>::Wide>;

impl Adjoined for Fp8 {
    fn root_to_p_minus_1() -> &'static Self {
        &frobenius::constants().s
    }
}

impl Fp16 {
    /// `s self`: the cubic step adjoins a root of s.
    pub(crate) fn times_s(&self) -> Self {
        Self::new(self.c1.nonresidue(), self.c0)
    }
}

/// `acc += s term`.
pub(crate) fn wide_add_times_s(acc: &mut Fp16Wide, term: &Fp16Wide) {
    Fp8::wide_add_nonresidue(&mut acc.c0, &term.c1);
    Fp8::wide_add(&mut acc.c1, &term.c0);
}
