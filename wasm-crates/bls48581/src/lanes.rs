//! One operation on eight independent elements of F_p: where the machine has AVX-512 IFMA, sums and
//! tests of many points run eight at a time. Public values only.

use limbs::field::Kernel;
#[cfg(target_arch = "x86_64")]
use limbs::field::{MODULUS, WORDS, octet::Octet};

use crate::fp::Fp;
#[cfg(target_arch = "x86_64")]
use crate::octic::VectorFp8;

/// What the formulas for points need of one element, or of eight.
pub(crate) trait Arithmetic: Copy {
    /// Product.
    fn mul(&self, other: &Self) -> Self;
    /// Sum, not reduced.
    fn add(&self, other: &Self) -> Self;
    /// Difference, reduced.
    fn sub(&self, other: &Self) -> Self;

    /// Square.
    fn sqr(&self) -> Self {
        self.mul(self)
    }

    /// Difference as an operand of a product.
    fn sub_loose(&self, other: &Self) -> Self {
        self.sub(other)
    }

    /// `a b - c d`.
    fn difference(a: &Self, b: &Self, c: &Self, d: &Self) -> Self {
        a.mul(b).sub(&c.mul(d))
    }

    /// Twice the value, not reduced.
    fn dbl(&self) -> Self {
        self.add(self)
    }
}

impl Arithmetic for Fp {
    #[inline]
    fn mul(&self, other: &Self) -> Self {
        Kernel::mul(self, other)
    }

    #[inline]
    fn add(&self, other: &Self) -> Self {
        Kernel::add(self, other)
    }

    #[inline]
    fn sub(&self, other: &Self) -> Self {
        Kernel::sub(self, other)
    }

    #[inline]
    fn sqr(&self) -> Self {
        Kernel::sqr(self)
    }

    #[inline]
    fn sub_loose(&self, other: &Self) -> Self {
        Kernel::sub_loose(self, other)
    }

    /// With one reduction.
    fn difference(a: &Self, b: &Self, c: &Self, d: &Self) -> Self {
        let (mut acc, mut term) = (Self::WIDE_ZERO, Self::WIDE_ZERO);
        Kernel::mul_wide(a, b, &mut acc);
        Kernel::mul_wide(c, d, &mut term);
        <Self as Kernel>::wide_sub(&mut acc, &term);
        <Self as Kernel>::reduce(&acc)
    }
}

/// Lanes of a vector.
#[cfg(target_arch = "x86_64")]
pub(crate) const LANES: usize = 8;

/// Eight elements.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Lanes(Octet);

#[cfg(target_arch = "x86_64")]
impl Lanes {
    /// Whether the machine has the instructions and they are not switched off.
    pub fn available() -> bool {
        VectorFp8::available()
    }

    /// The elements, one per lane.
    pub fn from_elements(elements: &[Fp; LANES]) -> Self {
        Self(Octet::from_elements(elements))
    }

    /// The element, in every lane.
    pub fn all(element: &Fp) -> Self {
        Self::from_elements(&[*element; LANES])
    }

    /// The elements of the lanes.
    pub fn to_elements(self) -> [Fp; LANES] {
        self.0.to_elements()
    }
}

#[cfg(target_arch = "x86_64")]
impl Arithmetic for Lanes {
    fn mul(&self, other: &Self) -> Self {
        Self(self.0.mul_lanes(&other.0))
    }

    fn add(&self, other: &Self) -> Self {
        Self(self.0.add(&other.0))
    }

    fn sub(&self, other: &Self) -> Self {
        Self(self.0.sub(&other.0))
    }
}

/// `x^((p-3)/4)` of every element, the exponentiation behind square roots.
pub(crate) fn pow_root_all(values: &[Fp]) -> Vec<Fp> {
    #[cfg(target_arch = "x86_64")]
    if values.len() > 1 && Lanes::available() {
        let eights = values.chunks(LANES).flat_map(|values| {
            let lanes = core::array::from_fn(|at| values.get(at).copied().unwrap_or(Fp::ONE));
            let powers = pow_root_lanes(&Lanes::from_elements(&lanes)).to_elements();
            powers.into_iter().take(values.len())
        });
        return eights.collect();
    }
    values.iter().map(Kernel::pow_root).collect()
}

/// [`Kernel::pow_root`] of eight elements, windows of four bits.
#[cfg(target_arch = "x86_64")]
fn pow_root_lanes(x: &Lanes) -> Lanes {
    let mut table = vec![Lanes::all(&Fp::ONE)];
    for i in 0..15 {
        table.extend(table.get(i).map(|power| power.mul(x)));
    }
    // Window n of (p - 3) / 4, p being 3 mod 4: the bits of p from 4 n + 2.
    let digit = |window: usize| {
        (0..4).rev().fold(0, |digit, bit| {
            let at = 4 * window + bit + 2;
            let word = MODULUS.get(at / 64).copied().unwrap_or(0);
            digit << 1 | (word >> (at % 64) & 1) as usize
        })
    };
    let mut acc = Lanes::all(&Fp::ONE);
    for window in (0..16 * WORDS)
        .rev()
        .skip_while(|window| digit(*window) == 0)
    {
        acc = (0..4).fold(acc, |acc, _| acc.sqr());
        if let Some(power) = table.get(digit(window)) {
            acc = acc.mul(power);
        }
    }
    acc
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn lanes_compute_what_single_elements_do() {
        if !Lanes::available() {
            eprintln!("no AVX-512 IFMA on this machine: the lanes were not run");
            return;
        }
        let element = |i: u64| Kernel::invert_public(&Fp::from_u64(3 * i + 2));
        let a: [Fp; LANES] = core::array::from_fn(|i| element(i as u64));
        let b: [Fp; LANES] = core::array::from_fn(|i| Kernel::neg(&element(i as u64 + 9)));
        let (x, y) = (Lanes::from_elements(&a), Lanes::from_elements(&b));
        let results = [
            x.mul(&y).to_elements(),
            x.sqr().add(&y).to_elements(),
            x.sub(&y).to_elements(),
            Lanes::difference(&x, &y, &y.dbl(), &x.sub_loose(&y)).to_elements(),
        ];
        for lane in 0..LANES {
            let (a, b) = (a[lane], b[lane]);
            let expected = [
                Kernel::mul(&a, &b),
                Kernel::add(&Kernel::sqr(&a), &b),
                Kernel::sub(&a, &b),
                Fp::difference(&a, &b, &Kernel::dbl(&b), &Kernel::sub(&a, &b)),
            ];
            for (result, expected) in results.iter().zip(&expected) {
                assert!(Kernel::equals(&result[lane], expected));
            }
        }
        for (power, a) in pow_root_all(&[a, b].concat())
            .iter()
            .zip(a.iter().chain(&b))
        {
            assert!(Kernel::equals(power, &a.pow_root()));
        }
        assert!(Kernel::equals(&Lanes::all(&a[3]).to_elements()[5], &a[3]));
    }
}
