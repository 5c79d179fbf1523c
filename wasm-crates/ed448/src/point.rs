//! Points of x^2 + y^2 = 1 + d x^2 y^2, d = -39081, in extended coordinates (X : Y : Z : T), x = X/Z, y = Y/Z, T = XY/Z.
//!
//! d is not a square, so the formulas (Hisil, Wong, Carter, Dawson 2008) hold for every pair of points: no branches.

use crate::Error;
use crate::error::exact;
use crate::field::Element;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

/// Bytes of an encoded point of Ed448.
pub const POINT_BYTES: usize = 57;

/// -d.
const MINUS_D: u32 = 39081;

/// x of the base point (RFC 8032 section 5.2).
const BASE_X: [u8; 56] = [
    0x5e, 0xc0, 0x0c, 0xc7, 0x2b, 0xa8, 0x26, 0x26, 0x8e, 0x93, 0x00, 0x8b, 0xe1, 0x80, 0x3b, 0x43,
    0x11, 0x65, 0xb6, 0x2a, 0xf7, 0x1a, 0xae, 0x12, 0x64, 0xa4, 0xd3, 0xa3, 0x24, 0xe3, 0x6d, 0xea,
    0x67, 0x17, 0x0f, 0x47, 0x70, 0x65, 0x14, 0x9e, 0xda, 0x36, 0xbf, 0x22, 0xa6, 0x15, 0x1d, 0x22,
    0xed, 0x0d, 0xed, 0x6b, 0xc6, 0x70, 0x19, 0x4f,
];
/// y of the base point.
const BASE_Y: [u8; 56] = [
    0x14, 0xfa, 0x30, 0xf2, 0x5b, 0x79, 0x08, 0x98, 0xad, 0xc8, 0xd7, 0x4e, 0x2c, 0x13, 0xbd, 0xfd,
    0xc4, 0x39, 0x7c, 0xe6, 0x1c, 0xff, 0xd3, 0x3a, 0xd7, 0xc2, 0xa0, 0x05, 0x1e, 0x9c, 0x78, 0x87,
    0x40, 0x98, 0xa3, 0x6c, 0x73, 0x73, 0xea, 0x4b, 0x62, 0xc7, 0xc9, 0x56, 0x37, 0x20, 0x76, 0x88,
    0x24, 0xbc, 0xb6, 0x6e, 0x71, 0x46, 0x3f, 0x69,
];

/// A point of the curve. All coordinates are tight.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub(crate) x: Element,
    pub(crate) y: Element,
    pub(crate) z: Element,
    pub(crate) t: Element,
}

/// A point without T: what doubling takes.
#[derive(Clone, Copy)]
pub(crate) struct Projective {
    x: Element,
    y: Element,
    z: Element,
}

/// A point ready to be added: X, Y, dT and Z.
#[derive(Clone, Copy)]
pub(crate) struct Prepared {
    affine: PreparedAffine,
    z: Element,
}

/// A point with Z = 1 ready to be added: x, y and d x y.
#[derive(Clone, Copy)]
pub(crate) struct PreparedAffine {
    x: Element,
    y: Element,
    dt: Element,
}

/// The result of an addition before its last products: X = EF, Y = GH, Z = FG, T = EH.
pub(crate) struct Completed {
    e: Element,
    f: Element,
    g: Element,
    h: Element,
}

impl Completed {
    #[inline(always)]
    pub(crate) fn extended(&self) -> Point {
        Point {
            x: self.e.mul(&self.f),
            y: self.g.mul(&self.h),
            z: self.f.mul(&self.g),
            t: self.e.mul(&self.h),
        }
    }

    #[inline(always)]
    pub(crate) fn projective(&self) -> Projective {
        Projective {
            x: self.e.mul(&self.f),
            y: self.g.mul(&self.h),
            z: self.f.mul(&self.g),
        }
    }
}

impl Projective {
    pub(crate) const IDENTITY: Self = Self {
        x: Element::ZERO,
        y: Element::ONE,
        z: Element::ONE,
    };

    pub(crate) fn extended(&self) -> Point {
        Point {
            x: self.x.mul(&self.z),
            y: self.y.mul(&self.z),
            z: self.z.square(),
            t: self.x.mul(&self.y),
        }
    }

    #[inline]
    pub(crate) fn double(&self) -> Completed {
        let a = self.x.square();
        let b = self.y.square();
        let c = self.z.square();
        let g = a.add(&b);
        Completed {
            e: self.x.add(&self.y).square().sub(&g),
            f: g.sub(&c.add(&c)),
            g,
            h: a.sub(&b),
        }
    }
}

impl PreparedAffine {
    pub(crate) const IDENTITY: Self = Self {
        x: Element::ZERO,
        y: Element::ONE,
        dt: Element::ZERO,
    };

    pub(crate) fn negate_if(&self, choice: Choice) -> Self {
        Self {
            x: self.x.negate_if(choice),
            y: self.y,
            dt: self.dt.negate_if(choice),
        }
    }
}

impl Prepared {
    pub(crate) const IDENTITY: Self = Self {
        affine: PreparedAffine::IDENTITY,
        z: Element::ONE,
    };

    pub(crate) fn negate_if(&self, choice: Choice) -> Self {
        Self {
            affine: self.affine.negate_if(choice),
            z: self.z,
        }
    }
}

impl ConditionallySelectable for PreparedAffine {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self {
            x: Element::conditional_select(&a.x, &b.x, choice),
            y: Element::conditional_select(&a.y, &b.y, choice),
            dt: Element::conditional_select(&a.dt, &b.dt, choice),
        }
    }
}

impl ConditionallySelectable for Prepared {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self {
            affine: PreparedAffine::conditional_select(&a.affine, &b.affine, choice),
            z: Element::conditional_select(&a.z, &b.z, choice),
        }
    }
}

impl Zeroize for Point {
    fn zeroize(&mut self) {
        for coordinate in [&mut self.x, &mut self.y, &mut self.z, &mut self.t] {
            coordinate.zeroize();
        }
    }
}

impl Zeroize for Prepared {
    fn zeroize(&mut self) {
        let PreparedAffine { x, y, dt } = &mut self.affine;
        for coordinate in [x, y, dt, &mut self.z] {
            coordinate.zeroize();
        }
    }
}

impl Point {
    /// The neutral point.
    pub const IDENTITY: Self = Self {
        x: Element::ZERO,
        y: Element::ONE,
        z: Element::ONE,
        t: Element::ZERO,
    };

    /// The base point of Ed448.
    #[must_use]
    pub fn base() -> Self {
        Self::from_affine(Element::from_bytes(&BASE_X), Element::from_bytes(&BASE_Y))
    }

    pub(crate) fn from_affine(x: Element, y: Element) -> Self {
        Self {
            x,
            y,
            z: Element::ONE,
            t: x.mul(&y),
        }
    }

    /// The point with this encoding: y and the sign of x (RFC 8032 section 5.2.3), strictly: y below p, no sign for x = 0.
    ///
    /// # Errors
    /// `Length` or `NotAPoint`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: [u8; POINT_BYTES] = exact("point", "57", bytes)?;
        let (y_bytes, last) = bytes.split_at(56);
        let y_bytes: [u8; 56] = exact("point", "57", y_bytes)?;
        let sign = match last {
            [0] => Choice::from(0),
            [0x80] => Choice::from(1),
            _ => return Err(Error::NotAPoint),
        };
        let y = Element::from_canonical(&y_bytes)
            .into_option()
            .ok_or(Error::NotAPoint)?;
        // x^2 = (1 - y^2) / (1 - d y^2)
        let yy = y.square();
        let u = Element::ONE.sub(&yy);
        let v = Element::ONE.add(&yy.mul_small(MINUS_D));
        let (is_square, root) = Element::sqrt_ratio(&u, &v);
        let refused = !is_square | (root.is_zero() & sign);
        if refused.into() {
            return Err(Error::NotAPoint);
        }
        Ok(Self::from_affine(root.negate_if(sign), y))
    }

    /// The encoding: y, then the sign of x as the highest bit.
    #[must_use]
    pub fn encode(&self) -> [u8; POINT_BYTES] {
        self.encode_with(&self.z.invert())
    }

    /// The encodings of two points, by one inversion.
    #[must_use]
    pub fn encode_both(&self, other: &Self) -> [[u8; POINT_BYTES]; 2] {
        let inverse = self.z.mul(&other.z).invert();
        [
            self.encode_with(&inverse.mul(&other.z)),
            other.encode_with(&inverse.mul(&self.z)),
        ]
    }

    /// The encoding, given 1/Z.
    fn encode_with(&self, inverse: &Element) -> [u8; POINT_BYTES] {
        let x = self.x.mul(inverse);
        let mut out = [0; POINT_BYTES];
        let y = self.y.mul(inverse).to_bytes();
        for (to, from) in out.iter_mut().zip(y) {
            *to = from;
        }
        out[56] = x.is_odd().unwrap_u8() << 7;
        out
    }

    /// Sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        self.add_prepared(&other.prepare()).extended()
    }

    /// Difference.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&other.negate())
    }

    /// The negative.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self {
            x: self.x.negate(),
            y: self.y,
            z: self.z,
            t: self.t.negate(),
        }
    }

    /// Twice the point.
    #[must_use]
    pub fn double(&self) -> Self {
        self.projective().double().extended()
    }

    /// Four times the point: free of any component of small order.
    #[must_use]
    pub fn multiply_by_cofactor(&self) -> Self {
        self.double().double()
    }

    /// Whether this is the neutral point.
    #[must_use]
    pub fn is_identity(&self) -> Choice {
        self.x.is_zero() & self.y.equals(&self.z)
    }

    /// Whether x = 0: the points of order 1 and 2.
    #[must_use]
    pub fn has_zero_x(&self) -> Choice {
        self.x.is_zero()
    }

    /// Whether the points are the same.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Choice {
        self.x.mul(&other.z).equals(&other.x.mul(&self.z))
            & self.y.mul(&other.z).equals(&other.y.mul(&self.z))
    }

    pub(crate) fn projective(&self) -> Projective {
        Projective {
            x: self.x,
            y: self.y,
            z: self.z,
        }
    }

    pub(crate) fn prepare(&self) -> Prepared {
        Prepared {
            affine: PreparedAffine {
                x: self.x,
                y: self.y,
                dt: self.t.mul_small(MINUS_D).negate(),
            },
            z: self.z,
        }
    }

    /// The same points with Z = 1, by one inversion.
    pub(crate) fn prepare_affine(points: &[Self]) -> Vec<PreparedAffine> {
        // Products of all Z before each point; then inverses from the last one down.
        let mut before = Vec::with_capacity(points.len());
        let mut product = Element::ONE;
        for point in points {
            before.push(product);
            product = product.mul(&point.z);
        }
        let mut inverse = product.invert();
        let mut out: Vec<PreparedAffine> = points
            .iter()
            .zip(&before)
            .rev()
            .map(|(point, before)| {
                let own = inverse.mul(before);
                inverse = inverse.mul(&point.z);
                let (x, y) = (point.x.mul(&own), point.y.mul(&own));
                let dt = x.mul(&y).mul_small(MINUS_D).negate();
                PreparedAffine { x, y, dt }
            })
            .collect();
        out.reverse();
        out
    }

    #[inline]
    pub(crate) fn add_affine(&self, other: &PreparedAffine) -> Completed {
        self.complete(other, &self.z)
    }

    #[inline]
    pub(crate) fn add_prepared(&self, other: &Prepared) -> Completed {
        self.complete(&other.affine, &self.z.mul(&other.z))
    }

    /// The sum, given the product of both Z.
    #[inline(always)]
    fn complete(&self, other: &PreparedAffine, zz: &Element) -> Completed {
        let a = self.x.mul(&other.x);
        let b = self.y.mul(&other.y);
        let c = self.t.mul(&other.dt);
        let cross = self.x.add(&self.y).mul(&other.x.add(&other.y));
        Completed {
            e: cross.sub(&a.add(&b)),
            f: zz.sub(&c),
            g: zz.add(&c),
            h: b.sub(&a),
        }
    }
}
