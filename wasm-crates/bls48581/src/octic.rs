//! What the arithmetic above F_{p^8} needs of its coefficients, and the two forms they have: plain
//! [`Fp8`], and, where the machine has AVX-512 IFMA, all eight coefficients in one vector.

use crate::fp8::Fp8;
use crate::tower::Adjoined;

/// An F_{p^8} under F_{p^16} and F_{p^48}.
pub trait Octic: Adjoined + 'static {
    /// The value of a plain element.
    fn from_fp8(value: &Fp8) -> Self;
    /// The plain element.
    fn to_fp8(&self) -> Fp8;
}

impl Octic for Fp8 {
    fn from_fp8(value: &Fp8) -> Self {
        *value
    }

    fn to_fp8(&self) -> Fp8 {
        *self
    }
}

#[cfg(target_arch = "x86_64")]
pub use vector::VectorFp8;

#[cfg(target_arch = "x86_64")]
mod vector {
    use std::sync::OnceLock;

    use limbs::field::octet::{self, Octet, OctetWide};
    use limbs::wide;
    use subtle::Choice;

    use super::Octic;
    use crate::fp::Fp;
    use crate::fp8::Fp8;
    use crate::tower::{Adjoined, Tower};

    /// F_{p^8} in a vector, for public values. Rare operations go through the plain form.
    #[derive(Clone, Copy, Debug)]
    pub struct VectorFp8(Octet);

    impl VectorFp8 {
        /// Whether the machine has the instructions and they are not switched off
        /// ([`limbs::wide::set_portable`]).
        pub fn available() -> bool {
            wide::Kernel::detect() == wide::Kernel::Ifma && octet::available()
        }
    }

    impl Octic for VectorFp8 {
        fn from_fp8(value: &Fp8) -> Self {
            Self(Octet::from_elements(&value.coefficients()))
        }

        fn to_fp8(&self) -> Fp8 {
            Fp8::from_coefficients(self.0.to_elements())
        }
    }

    impl Adjoined for VectorFp8 {
        fn root_to_p_minus_1() -> &'static Self {
            static ROOT: OnceLock<VectorFp8> = OnceLock::new();
            ROOT.get_or_init(|| Self::from_fp8(Fp8::root_to_p_minus_1()))
        }
    }

    impl Tower for VectorFp8 {
        type Wide = OctetWide;

        const SQUARE_IS_PRODUCT: bool = true;

        const ZERO: Self = Self(Octet::ZERO);
        const ONE: Self = Self(Octet::ONE);
        const WIDE_ZERO: OctetWide = OctetWide::ZERO;

        fn add(&self, other: &Self) -> Self {
            Self(self.0.add(&other.0))
        }

        fn sub(&self, other: &Self) -> Self {
            Self(self.0.sub(&other.0))
        }

        fn neg(&self) -> Self {
            Self(Octet::ZERO.sub(&self.0))
        }

        fn tidy(&self) -> Self {
            Self(self.0.tidy())
        }

        fn halve(&self) -> Self {
            Self::from_fp8(&self.to_fp8().halve())
        }

        fn scale(&self, by: &Fp) -> Self {
            Self::from_fp8(&self.to_fp8().scale(by))
        }

        fn mul_wide(&self, other: &Self, out: &mut OctetWide) {
            self.0.mul_wide(&other.0, out);
        }

        fn sqr_wide(&self, out: &mut OctetWide) {
            self.0.mul_wide(&self.0, out);
        }

        fn reduce(wide: &OctetWide) -> Self {
            Self(wide.reduce())
        }

        fn wide_add(acc: &mut OctetWide, term: &OctetWide) {
            acc.add(term);
        }

        fn wide_sub(acc: &mut OctetWide, term: &OctetWide) {
            acc.sub(term);
        }

        fn wide_add_nonresidue(acc: &mut OctetWide, term: &OctetWide) {
            acc.add_times_minus_w(term);
        }

        fn wide_sub_nonresidue(acc: &mut OctetWide, term: &OctetWide) {
            acc.sub_times_minus_w(term);
        }

        fn nonresidue(&self) -> Self {
            Self(self.0.times_minus_w())
        }

        fn invert(&self, public: bool) -> Self {
            Self::from_fp8(&self.to_fp8().invert(public))
        }

        fn frobenius(&self) -> Self {
            Self::from_fp8(&self.to_fp8().frobenius())
        }

        fn is_square(&self) -> bool {
            self.to_fp8().is_square()
        }

        fn sqrt(&self) -> Option<Self> {
            self.to_fp8().sqrt().map(|root| Self::from_fp8(&root))
        }

        fn is_zero(&self) -> bool {
            self.to_fp8().is_zero()
        }

        fn select(a: &Self, b: &Self, choice: Choice) -> Self {
            if bool::from(choice) { *b } else { *a }
        }
    }
}
