//! F_{p^16} = F_{p^8}(s), s^2 = -w (spec 10 section 1.1).

use crate::fp8::Fp8;
use crate::frobenius;
use crate::octic::Octic;
use crate::tower::{Adjoined, Quadratic, QuadraticWide, Tower};

/// `c0 + c1 s` over either form of F_{p^8}.
pub type Fp16<B = Fp8> = Quadratic<B>;

/// The wide form of [`Fp16`].
pub(crate) type Fp16Wide<B> = QuadraticWide<<B as Tower>::Wide>;

impl Adjoined for Fp8 {
    fn root_to_p_minus_1() -> &'static Self {
        &frobenius::constants().s
    }
}

/// `s x`: the cubic step adjoins a root of s.
pub(crate) fn times_s<B: Octic>(x: &Fp16<B>) -> Fp16<B> {
    Fp16::new(x.c1.nonresidue(), x.c0)
}

/// `acc += s term`.
pub(crate) fn wide_add_times_s<B: Octic>(acc: &mut Fp16Wide<B>, term: &Fp16Wide<B>) {
    B::wide_add_nonresidue(&mut acc.c0, &term.c1);
    B::wide_add(&mut acc.c1, &term.c0);
}
