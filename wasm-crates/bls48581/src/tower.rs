//! What the levels of the tower have in common (spec 10 section 1.1), and the quadratic step.
//!
//! Every level multiplies into a *wide* form: sums of products before reduction. Karatsuba's
//! additions and subtractions happen there, and one Montgomery reduction per coefficient ends the
//! multiplication, whatever its level ("lazy reduction", Aranha et al., EUROCRYPT 2011).

use limbs::field;
use subtle::Choice;
use zeroize::Zeroize;

use crate::fp::Fp;

/// A field of the tower.
pub trait Tower: Copy + core::fmt::Debug {
    /// Sums of products, not reduced.
    type Wide: Copy;

    /// Whether a square costs as much as a product, so that the level above does better with two
    /// products than with three squares.
    const SQUARE_IS_PRODUCT: bool = false;

    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 0, wide.
    const WIDE_ZERO: Self::Wide;

    /// Sum, not reduced.
    fn add(&self, other: &Self) -> Self;
    /// Difference, reduced.
    fn sub(&self, other: &Self) -> Self;
    /// Negation, reduced.
    fn neg(&self) -> Self;
    /// The same value with coefficients below 1.1 p.
    fn tidy(&self) -> Self;
    /// Half.
    fn halve(&self) -> Self;
    /// Product with an element of the prime field.
    fn scale(&self, by: &Fp) -> Self;
    /// `out = self * other`.
    fn mul_wide(&self, other: &Self, out: &mut Self::Wide);
    /// `out = self^2`.
    fn sqr_wide(&self, out: &mut Self::Wide);
    /// Reduces every coefficient.
    fn reduce(wide: &Self::Wide) -> Self;
    /// `acc += term`.
    fn wide_add(acc: &mut Self::Wide, term: &Self::Wide);
    /// `acc -= term`.
    fn wide_sub(acc: &mut Self::Wide, term: &Self::Wide);
    /// `acc += n term` with n the element whose square root the next level adjoins.
    fn wide_add_nonresidue(acc: &mut Self::Wide, term: &Self::Wide);
    /// `acc -= n term`.
    fn wide_sub_nonresidue(acc: &mut Self::Wide, term: &Self::Wide);
    /// `n self`.
    fn nonresidue(&self) -> Self;
    /// The inverse, and 0 for 0. `public` values may take the faster way, which is not constant time.
    fn invert(&self, public: bool) -> Self;
    /// The p-th power.
    fn frobenius(&self) -> Self;
    /// Whether the value is a square; not constant time.
    fn is_square(&self) -> bool;
    /// A square root, if there is one; not constant time.
    fn sqrt(&self) -> Option<Self>;
    /// Whether the value is 0.
    fn is_zero(&self) -> bool;
    /// `b` if `choice` is set, else `a`; no branch.
    fn select(a: &Self, b: &Self, choice: Choice) -> Self;

    /// Product.
    #[inline]
    fn mul(&self, other: &Self) -> Self {
        let mut wide = Self::WIDE_ZERO;
        self.mul_wide(other, &mut wide);
        Self::reduce(&wide)
    }

    /// Square.
    #[inline]
    fn sqr(&self) -> Self {
        let mut wide = Self::WIDE_ZERO;
        self.sqr_wide(&mut wide);
        Self::reduce(&wide)
    }

    /// Twice the value, not reduced.
    #[inline]
    fn dbl(&self) -> Self {
        self.add(self)
    }

    /// Whether both are the same value.
    fn equals(&self, other: &Self) -> bool {
        self.sub(other).is_zero()
    }
}

/// A field from which a square root is adjoined: knows the p-th power of that root.
pub trait Adjoined: Tower {
    /// `root^(p - 1)`, an element of this field.
    fn root_to_p_minus_1() -> &'static Self;
}

/// `c0 + c1 e` with `e^2` the non-residue of `B`.
#[derive(Clone, Copy, Debug)]
pub struct Quadratic<B> {
    /// The part without the adjoined root.
    pub c0: B,
    /// The factor of the adjoined root.
    pub c1: B,
}

/// The wide form of [`Quadratic`].
#[derive(Clone, Copy, Debug)]
pub struct QuadraticWide<W> {
    pub(crate) c0: W,
    pub(crate) c1: W,
}

impl<B: Zeroize> Zeroize for Quadratic<B> {
    fn zeroize(&mut self) {
        self.c0.zeroize();
        self.c1.zeroize();
    }
}

impl<B: Tower> Quadratic<B> {
    /// `c0 + c1 e`.
    pub const fn new(c0: B, c1: B) -> Self {
        Self { c0, c1 }
    }

    /// `c0 - c1 e`.
    pub fn conjugate(&self) -> Self {
        Self::new(self.c0, self.c1.neg())
    }

    /// The norm `c0^2 - n c1^2` to the field below.
    fn norm(&self) -> B {
        let (mut acc, mut square) = (B::WIDE_ZERO, B::WIDE_ZERO);
        self.c0.sqr_wide(&mut acc);
        self.c1.sqr_wide(&mut square);
        B::wide_sub_nonresidue(&mut acc, &square);
        B::reduce(&acc)
    }
}

impl<B: Adjoined + 'static> Tower for Quadratic<B> {
    type Wide = QuadraticWide<B::Wide>;

    const ZERO: Self = Self::new(B::ZERO, B::ZERO);
    const ONE: Self = Self::new(B::ONE, B::ZERO);
    const WIDE_ZERO: Self::Wide = QuadraticWide {
        c0: B::WIDE_ZERO,
        c1: B::WIDE_ZERO,
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
        Self::new(self.c0.scale(by), self.c1.scale(by))
    }

    fn mul_wide(&self, other: &Self, out: &mut Self::Wide) {
        let mut high = B::WIDE_ZERO;
        self.c0
            .add(&self.c1)
            .mul_wide(&other.c0.add(&other.c1), &mut out.c1);
        self.c0.mul_wide(&other.c0, &mut out.c0);
        self.c1.mul_wide(&other.c1, &mut high);
        B::wide_sub(&mut out.c1, &out.c0);
        B::wide_sub(&mut out.c1, &high);
        B::wide_add_nonresidue(&mut out.c0, &high);
    }

    fn sqr_wide(&self, out: &mut Self::Wide) {
        let mut high = B::WIDE_ZERO;
        if B::SQUARE_IS_PRODUCT {
            // c1 = 2 x y, c0 = (x + y)(x + n y) - x y - n x y
            self.c0.mul_wide(&self.c1, &mut high);
            let turned = self.c0.add(&self.c1.nonresidue());
            self.c0.add(&self.c1).mul_wide(&turned, &mut out.c0);
            B::wide_sub(&mut out.c0, &high);
            B::wide_sub_nonresidue(&mut out.c0, &high);
            out.c1 = high;
            B::wide_add(&mut out.c1, &high);
            return;
        }
        self.c0.add(&self.c1).sqr_wide(&mut out.c1);
        self.c0.sqr_wide(&mut out.c0);
        self.c1.sqr_wide(&mut high);
        B::wide_sub(&mut out.c1, &out.c0);
        B::wide_sub(&mut out.c1, &high);
        B::wide_add_nonresidue(&mut out.c0, &high);
    }

    fn reduce(wide: &Self::Wide) -> Self {
        Self::new(B::reduce(&wide.c0), B::reduce(&wide.c1))
    }

    #[inline]
    fn wide_add(acc: &mut Self::Wide, term: &Self::Wide) {
        B::wide_add(&mut acc.c0, &term.c0);
        B::wide_add(&mut acc.c1, &term.c1);
    }

    #[inline]
    fn wide_sub(acc: &mut Self::Wide, term: &Self::Wide) {
        B::wide_sub(&mut acc.c0, &term.c0);
        B::wide_sub(&mut acc.c1, &term.c1);
    }

    // The next level adjoins a root of -e: -e (c0 + c1 e) = -n c1 - c0 e.
    #[inline]
    fn wide_add_nonresidue(acc: &mut Self::Wide, term: &Self::Wide) {
        B::wide_sub_nonresidue(&mut acc.c0, &term.c1);
        B::wide_sub(&mut acc.c1, &term.c0);
    }

    #[inline]
    fn wide_sub_nonresidue(acc: &mut Self::Wide, term: &Self::Wide) {
        B::wide_add_nonresidue(&mut acc.c0, &term.c1);
        B::wide_add(&mut acc.c1, &term.c0);
    }

    fn nonresidue(&self) -> Self {
        Self::new(self.c1.nonresidue().neg(), self.c0.neg())
    }

    fn invert(&self, public: bool) -> Self {
        let inverse = self.norm().invert(public);
        Self::new(self.c0.mul(&inverse), self.c1.neg().mul(&inverse))
    }

    fn frobenius(&self) -> Self {
        Self::new(
            self.c0.frobenius(),
            self.c1.frobenius().mul(B::root_to_p_minus_1()),
        )
    }

    fn is_square(&self) -> bool {
        self.norm().is_square()
    }

    /// With s^2 the norm, `(c0 + s) / 2` or `(c0 - s) / 2` is the square of the root's c0.
    fn sqrt(&self) -> Option<Self> {
        if self.c1.is_zero() {
            return if self.c0.is_square() {
                Some(Self::new(self.c0.sqrt()?, B::ZERO))
            } else {
                let quotient = self.c0.mul(&B::ONE.nonresidue().invert(true));
                Some(Self::new(B::ZERO, quotient.sqrt()?))
            };
        }
        let root = self.norm().sqrt()?;
        let mut square = self.c0.add(&root).halve();
        if !square.is_square() {
            square = self.c0.sub(&root).halve();
        }
        let c0 = square.sqrt()?;
        let candidate = Self::new(c0, self.c1.mul(&c0.dbl().invert(true)));
        candidate.sqr().equals(self).then_some(candidate)
    }

    fn is_zero(&self) -> bool {
        self.c0.is_zero() & self.c1.is_zero()
    }

    fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self::new(
            B::select(&a.c0, &b.c0, choice),
            B::select(&a.c1, &b.c1, choice),
        )
    }
}

impl Tower for Fp {
    type Wide = <Fp as field::Kernel>::Wide;

    const ZERO: Self = <Fp as field::Kernel>::ZERO;
    const ONE: Self = <Fp as field::Kernel>::ONE;
    const WIDE_ZERO: Self::Wide = <Fp as field::Kernel>::WIDE_ZERO;

    #[inline]
    fn add(&self, other: &Self) -> Self {
        field::Kernel::add(self, other)
    }

    #[inline]
    fn sub(&self, other: &Self) -> Self {
        field::Kernel::sub(self, other)
    }

    #[inline]
    fn neg(&self) -> Self {
        field::Kernel::neg(self)
    }

    #[inline]
    fn tidy(&self) -> Self {
        field::Kernel::tidy(self)
    }

    fn halve(&self) -> Self {
        field::Kernel::halve(self)
    }

    fn scale(&self, by: &Fp) -> Self {
        field::Kernel::mul(self, by)
    }

    #[inline]
    fn mul_wide(&self, other: &Self, out: &mut Self::Wide) {
        field::Kernel::mul_wide(self, other, out);
    }

    #[inline]
    fn sqr_wide(&self, out: &mut Self::Wide) {
        field::Kernel::sqr_wide(self, out);
    }

    #[inline]
    fn reduce(wide: &Self::Wide) -> Self {
        field::Kernel::reduce(wide)
    }

    #[inline]
    fn wide_add(acc: &mut Self::Wide, term: &Self::Wide) {
        <Fp as field::Kernel>::wide_add(acc, term);
    }

    #[inline]
    fn wide_sub(acc: &mut Self::Wide, term: &Self::Wide) {
        <Fp as field::Kernel>::wide_sub(acc, term);
    }

    // i^2 = -1.
    #[inline]
    fn wide_add_nonresidue(acc: &mut Self::Wide, term: &Self::Wide) {
        <Fp as field::Kernel>::wide_sub(acc, term);
    }

    #[inline]
    fn wide_sub_nonresidue(acc: &mut Self::Wide, term: &Self::Wide) {
        <Fp as field::Kernel>::wide_add(acc, term);
    }

    fn nonresidue(&self) -> Self {
        field::Kernel::neg(self)
    }

    fn invert(&self, public: bool) -> Self {
        if public {
            field::Kernel::invert_public(self)
        } else {
            field::Kernel::invert(self)
        }
    }

    fn frobenius(&self) -> Self {
        *self
    }

    fn is_square(&self) -> bool {
        field::Kernel::is_square_public(self)
    }

    fn sqrt(&self) -> Option<Self> {
        field::Kernel::sqrt(self)
    }

    fn is_zero(&self) -> bool {
        field::Kernel::is_zero(self)
    }

    fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        field::Kernel::select(a, b, choice)
    }
}
