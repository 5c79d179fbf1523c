//! The group Decaf448 of RFC 9496 (spec 10 section 5): prime order, 56-byte points and scalars.
//!
//! A point is stored as a point of Ed448's curve whose choice among its equivalent ones never shows: encodings and
//! comparisons do not depend on it. The group's generator is twice the base point of Ed448.

use crate::Error;
use crate::error::exact;
use crate::field::Element;
use crate::multiply;
use crate::point::Point as Curve;
pub use crate::scalar::{SCALAR_BYTES, Scalar};
pub use crate::schnorr::{SIGNATURE_BYTES, sign, verify};
use crate::shake::shake256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of an encoded point.
pub const POINT_BYTES: usize = 56;

const ONE_MINUS_D: u32 = 39082;
const MINUS_D: u32 = 39081;

/// The even square root of -d.
const SQRT_MINUS_D: Element = Element::from_bytes(&[
    0x36, 0x27, 0x57, 0x45, 0x0f, 0xef, 0x42, 0x96, 0x52, 0xce, 0x20, 0xaa, 0xf6, 0x7b, 0x33, 0x60,
    0xd2, 0xde, 0x6e, 0xfd, 0xf4, 0x66, 0x9a, 0x83, 0xba, 0x14, 0x8c, 0x96, 0x80, 0xd7, 0xa2, 0x64,
    0x4b, 0xd5, 0xb8, 0xa5, 0xb8, 0xa7, 0xf1, 0xa1, 0xa0, 0x6a, 0xa2, 0x2f, 0x72, 0x8d, 0xf6, 0x3b,
    0x68, 0xf7, 0x24, 0xeb, 0xfb, 0x62, 0xd9, 0x22,
]);
/// Its inverse, up to the sign that RFC 9496 section 5.1 chose.
const INVERSE_SQRT_MINUS_D: Element = Element::from_bytes(&[
    0x2c, 0x68, 0x78, 0xb8, 0x5e, 0xbb, 0xaf, 0x53, 0xf3, 0x94, 0x9e, 0xf1, 0x79, 0x24, 0xbb, 0xef,
    0x15, 0xba, 0x1f, 0xc2, 0xe2, 0x7e, 0x70, 0xbe, 0x1a, 0x52, 0xa6, 0x28, 0xf1, 0x56, 0xba, 0xd6,
    0xa7, 0x27, 0x5b, 0x3a, 0x0c, 0x95, 0x90, 0x5a, 0x07, 0xc8, 0xca, 0x0b, 0x5a, 0xe3, 0x2b, 0x90,
    0x57, 0xc0, 0x22, 0xe2, 0x52, 0x06, 0xf4, 0x6e,
]);

/// The encoding of the generator, as every decoder reads it.
pub const GENERATOR: [u8; POINT_BYTES] = [
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x33, 0x33, 0x33, 0x33,
    0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33,
    0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33,
];
/// The encoding of the second generator (spec 10 section 5), whose logarithm nobody knows.
pub const SECOND_GENERATOR: [u8; POINT_BYTES] = [
    0x08, 0xf1, 0xd9, 0x27, 0x54, 0x39, 0xe6, 0xa6, 0x44, 0x7a, 0x0e, 0xca, 0x1d, 0x90, 0x04, 0x8f,
    0x8c, 0xfa, 0x70, 0x37, 0x57, 0xfe, 0x7d, 0xbf, 0xf1, 0xc2, 0x2e, 0x21, 0x6c, 0xb5, 0xbf, 0x3c,
    0xfd, 0xb4, 0xca, 0xde, 0x2a, 0x4c, 0x60, 0x14, 0x02, 0x97, 0xa7, 0x69, 0x64, 0xe9, 0x9a, 0x5c,
    0x81, 0xf6, 0x0d, 0x7d, 0x2d, 0xab, 0x56, 0xc1,
];

/// A point of the group.
#[derive(Clone, Copy, Debug)]
pub struct Point(Curve);

impl Point {
    /// The neutral point; its encoding is 56 zero bytes.
    pub const IDENTITY: Self = Self(Curve::IDENTITY);

    /// The generator.
    #[must_use]
    pub fn generator() -> Self {
        Self(Curve::base().double())
    }

    /// The second generator.
    ///
    /// # Errors
    /// None in practice: the constant decodes (tested).
    pub fn second_generator() -> Result<Self, Error> {
        Self::decode(&SECOND_GENERATOR)
    }

    /// The point with this encoding (RFC 9496 section 5.3.1): canonical, even, on the curve. 56 zero bytes are the
    /// neutral point.
    ///
    /// # Errors
    /// `Length` or `NotAPoint`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: [u8; POINT_BYTES] = exact("point", "56", bytes)?;
        let s = Element::from_canonical(&bytes)
            .into_option()
            .ok_or(Error::NotAPoint)?;
        if s.is_odd().into() {
            return Err(Error::NotAPoint);
        }
        let ss = s.square();
        let u1 = Element::ONE.add(&ss);
        let u1_squared = u1.square();
        let u2 = u1_squared.add(&ss.mul_small(4 * MINUS_D));
        let (is_square, inverse_root) = Element::sqrt_ratio(&Element::ONE, &u2.mul(&u1_squared));
        if (!is_square).into() {
            return Err(Error::NotAPoint);
        }
        let common = inverse_root.mul(&u1);
        let u3 = s.add(&s).mul(&common).mul(&SQRT_MINUS_D).absolute();
        let x = u3.mul(&inverse_root).mul(&u2).mul(&INVERSE_SQRT_MINUS_D);
        let y = Element::ONE.sub(&ss).mul(&common);
        Ok(Self(Curve::from_affine(x, y)))
    }

    /// The encoding (RFC 9496 section 5.3.2).
    #[must_use]
    pub fn encode(&self) -> [u8; POINT_BYTES] {
        let Curve { x, y: _, z, t } = &self.0;
        let u1 = x.add(t).mul(&x.sub(t));
        let v = u1.mul_small(ONE_MINUS_D).mul(&x.square());
        let (_, inverse_root) = Element::sqrt_ratio(&Element::ONE, &v);
        let ratio = inverse_root.mul(&u1).mul(&SQRT_MINUS_D).absolute();
        let u2 = INVERSE_SQRT_MINUS_D.mul(&ratio).mul(z).sub(t);
        inverse_root
            .mul_small(ONE_MINUS_D)
            .mul(x)
            .mul(&u2)
            .absolute()
            .to_bytes()
    }

    /// Sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        Self(self.0.add(&other.0))
    }

    /// Difference.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        Self(self.0.subtract(&other.0))
    }

    /// The negative.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self(self.0.negate())
    }

    /// The multiple, constant time in the scalar.
    #[must_use]
    pub fn multiply(&self, scalar: &Scalar) -> Self {
        Self(multiply::variable_base(scalar, &self.0))
    }

    /// The multiple of the generator, constant time.
    #[must_use]
    pub fn multiply_generator(scalar: &Scalar) -> Self {
        // Doubled after reduction: a point has no room for a factor beyond 448 bits.
        Self(multiply::fixed_base(scalar).double())
    }

    /// `a G + b P` in variable time: for public values only.
    #[must_use]
    pub fn double_multiply_public(a: &Scalar, b: &Scalar, point: &Self) -> Self {
        let twice = a.reduce().add(&a.reduce());
        Self(multiply::double_base_public(&twice, b, &point.0))
    }

    /// Whether this is the neutral point.
    #[must_use]
    pub fn is_identity(&self) -> Choice {
        self.ct_eq(&Self::IDENTITY)
    }
}

impl Zeroize for Point {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl ConstantTimeEq for Point {
    /// Equality in the group (RFC 9496 section 5.3.3).
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.x.mul(&other.0.y).equals(&self.0.y.mul(&other.0.x))
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Point {}

/// The first 56 bytes of SHAKE256: a scalar whose bytes are not reduced, on the wire and in hashes (CH-10).
#[must_use]
pub fn hash_to_scalar(message: &[u8]) -> [u8; SCALAR_BYTES] {
    shake256(&[message])
}

/// The shared secret of a secret scalar and somebody's public key.
///
/// # Errors
/// `Identity` when the shared point is neutral: a neutral key or a scalar that is 0 modulo L.
pub fn agree(secret: &Scalar, public: &Point) -> Result<Zeroizing<[u8; POINT_BYTES]>, Error> {
    let shared = Zeroizing::new(public.multiply(secret));
    if shared.is_identity().into() {
        return Err(Error::Identity);
    }
    Ok(Zeroizing::new(shared.encode()))
}

/// Hash of the shared secret as scalar d (unreduced), and the encoding of d G.
///
/// # Errors
/// As [`agree`].
pub fn agree_hash(secret: &Scalar, public: &Point) -> Result<Zeroizing<[u8; 112]>, Error> {
    let shared = agree(secret, public)?;
    let hash = Zeroizing::new(hash_to_scalar(shared.as_slice()));
    let point = Point::multiply_generator(&Scalar::from_bytes(&hash));
    let mut out = Zeroizing::new([0; 112]);
    let (first, second) = out.split_at_mut(SCALAR_BYTES);
    first.copy_from_slice(hash.as_slice());
    second.copy_from_slice(&point.encode());
    Ok(out)
}
