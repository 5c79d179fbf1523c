//! F_{p^2} = F_p(i), i^2 = -1 (spec 10 section 1.1).

use limbs::field;
use subtle::Choice;
use zeroize::Zeroize;

use crate::fp::Fp;
use crate::tower::Tower;

/// `c0 + c1 i`.
#[derive(Clone, Copy, Debug)]
pub struct Fp2 {
    /// Real part.
    pub c0: Fp,
    /// Imaginary part.
    pub c1: Fp,
}

/// The wide form of [`Fp2`].
#[derive(Clone, Copy, Debug)]
pub struct Fp2Wide {
    c0: <Fp as Tower>::Wide,
    c1: <Fp as Tower>::Wide,
}

impl Zeroize for Fp2 {
    fn zeroize(&mut self) {
        self.c0.zeroize();
        self.c1.zeroize();
    }
}

impl Fp2 {
    /// `c0 + c1 i`.
    pub const fn new(c0: Fp, c1: Fp) -> Self {
        Self { c0, c1 }
    }

    /// `c0^2 + c1^2`.
    fn norm(&self) -> Fp {
        let (mut acc, mut square) = (Fp::WIDE_ZERO, Fp::WIDE_ZERO);
        self.c0.sqr_wide(&mut acc);
        self.c1.sqr_wide(&mut square);
        Fp::wide_add(&mut acc, &square);
        Fp::reduce(&acc)
    }
}

impl Tower for Fp2 {
    type Wide = Fp2Wide;

    const ZERO: Self = Self::new(Fp::ZERO, Fp::ZERO);
    const ONE: Self = Self::new(Fp::ONE, Fp::ZERO);
    const WIDE_ZERO: Fp2Wide = Fp2Wide {
        c0: Fp::WIDE_ZERO,
        c1: Fp::WIDE_ZERO,
    };

    #[inline]
    fn add(&self, other: &Self) -> Self {
        Self::new(self.c0.add(&other.c0), self.c1.add(&other.c1))
    }

    #[inline]
    fn sub(&self, other: &Self) -> Self {
        Self::new(self.c0.sub(&other.c0), self.c1.sub(&other.c1))
    }

    #[inline]
    fn neg(&self) -> Self {
        Self::new(self.c0.neg(), self.c1.neg())
    }

    #[inline]
    fn tidy(&self) -> Self {
        Self::new(self.c0.tidy(), self.c1.tidy())
    }

    fn halve(&self) -> Self {
        Self::new(self.c0.halve(), self.c1.halve())
    }

    fn scale(&self, by: &Fp) -> Self {
        Self::new(self.c0.mul(by), self.c1.mul(by))
    }

    fn mul_wide(&self, other: &Self, out: &mut Fp2Wide) {
        let mut high = Fp::WIDE_ZERO;
        let (left, right) = (self.c0.add(&self.c1), other.c0.add(&other.c1));
        left.mul_wide(&right, &mut out.c1);
        self.c0.mul_wide(&other.c0, &mut out.c0);
        self.c1.mul_wide(&other.c1, &mut high);
        Fp::wide_sub(&mut out.c1, &out.c0);
        Fp::wide_sub(&mut out.c1, &high);
        Fp::wide_sub(&mut out.c0, &high);
    }

    fn sqr_wide(&self, out: &mut Fp2Wide) {
        let sum = self.c0.add(&self.c1);
        sum.mul_wide(&field::Kernel::sub_loose(&self.c0, &self.c1), &mut out.c0);
        self.c0.dbl().mul_wide(&self.c1, &mut out.c1);
    }

    fn reduce(wide: &Fp2Wide) -> Self {
        Self::new(Fp::reduce(&wide.c0), Fp::reduce(&wide.c1))
    }

    #[inline]
    fn wide_add(acc: &mut Fp2Wide, term: &Fp2Wide) {
        Fp::wide_add(&mut acc.c0, &term.c0);
        Fp::wide_add(&mut acc.c1, &term.c1);
    }

    #[inline]
    fn wide_sub(acc: &mut Fp2Wide, term: &Fp2Wide) {
        Fp::wide_sub(&mut acc.c0, &term.c0);
        Fp::wide_sub(&mut acc.c1, &term.c1);
    }

    // v^2 = -(1 + i): -(1 + i)(x + y i) = (y - x) - (x + y) i.
    #[inline]
    fn wide_add_nonresidue(acc: &mut Fp2Wide, term: &Fp2Wide) {
        Fp::wide_add(&mut acc.c0, &term.c1);
        Fp::wide_sub(&mut acc.c0, &term.c0);
        Fp::wide_sub(&mut acc.c1, &term.c0);
        Fp::wide_sub(&mut acc.c1, &term.c1);
    }

    #[inline]
    fn wide_sub_nonresidue(acc: &mut Fp2Wide, term: &Fp2Wide) {
        Fp::wide_sub(&mut acc.c0, &term.c1);
        Fp::wide_add(&mut acc.c0, &term.c0);
        Fp::wide_add(&mut acc.c1, &term.c0);
        Fp::wide_add(&mut acc.c1, &term.c1);
    }

    fn nonresidue(&self) -> Self {
        Self::new(self.c1.sub(&self.c0), self.c0.add(&self.c1).neg())
    }

    fn invert(&self, public: bool) -> Self {
        let inverse = self.norm().invert(public);
        Self::new(self.c0.mul(&inverse), self.c1.neg().mul(&inverse))
    }

    fn frobenius(&self) -> Self {
        Self::new(self.c0, self.c1.neg())
    }

    fn is_square(&self) -> bool {
        self.norm().is_square()
    }

    /// Two exponentiations: with s^2 the norm and t = (c0 + s) / 2, either t is the square of the root's
    /// real part or -t that of its imaginary part; `t^((p-3)/4)` gives the root and its inverse.
    fn sqrt(&self) -> Option<Self> {
        let norm_root = self.norm().sqrt()?;
        let mut t = self.c0.add(&norm_root).halve();
        if t.is_zero() {
            t = self.c0.sub(&norm_root).halve();
        }
        let c = field::Kernel::pow_root(&t);
        let root = t.mul(&c);
        let square = root.mul(&c);
        // `square` is 1 or -1 (or 0 with t): c = square / root.
        let other = self.c1.halve().mul(&c);
        let candidate = if square.equals(&Fp::ONE) {
            Self::new(root, other)
        } else {
            Self::new(other, root)
        };
        let candidates = [candidate, Self::new(candidate.c0, candidate.c1.neg())];
        candidates.into_iter().find(|c| c.sqr().equals(self))
    }

    fn is_zero(&self) -> bool {
        self.c0.is_zero() & self.c1.is_zero()
    }

    fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self::new(
            Fp::select(&a.c0, &b.c0, choice),
            Fp::select(&a.c1, &b.c1, choice),
        )
    }
}
