//! The constants of the curve as bytes, for whoever checks them (spec 10 section 1).

use limbs::field::{Kernel as _, MODULUS};

use crate::fp::{FP_BYTES, Fp};
use crate::fp8::Fp8;
use crate::scalar::{ORDER, U_ABS};
use crate::tower::Tower;
use crate::{frobenius, g1, g2, hash_to_curve};

/// Big-endian constants of 73 bytes, and both generators.
#[derive(Clone, Debug)]
pub struct Params {
    /// The field modulus p.
    pub p: [u8; FP_BYTES],
    /// The group order r.
    pub r: [u8; FP_BYTES],
    /// The absolute value of u.
    pub x_abs: [u8; FP_BYTES],
    /// Whether u is negative.
    pub x_negative: bool,
    /// The factor that clears the cofactor of G1.
    pub g1_cofactor_multiplier: [u8; FP_BYTES],
    /// The cube root of 1 of the endomorphism of G1.
    pub g1_beta_cube_root: [u8; FP_BYTES],
    /// The even root of -3.
    pub sqrt_minus3: [u8; FP_BYTES],
    /// `t^(p-19) = (-(1+i))^((p-19)/24)`, real part.
    pub frobenius_fp2_a: [u8; FP_BYTES],
    /// The imaginary part of the same.
    pub frobenius_fp2_b: [u8; FP_BYTES],
    /// The generator of G1.
    pub g1_generator: g1::G1Affine,
    /// The generator of G2.
    pub g2_generator: g2::G2Affine,
}

/// The constants.
pub fn params() -> Params {
    // t^18 = s^6 = (-w)^3, and t^24 = -(1+i): the quotient lies in F_{p^2}.
    let t_18 = Fp8::ONE.nonresidue().nonresidue().nonresidue();
    let quotient = frobenius::constants().t.mul(&t_18.invert(true)).c0.c0;
    let sqrt_minus3 = {
        let square = Tower::neg(&Fp::from_u64(3));
        let root = Tower::mul(&square, &square.pow_root());
        if root.parity() == 0 {
            root
        } else {
            Tower::neg(&root)
        }
    };
    Params {
        p: bytes(&MODULUS),
        r: bytes(&ORDER),
        x_abs: bytes(&[U_ABS]),
        x_negative: true,
        g1_cofactor_multiplier: bytes(&[hash_to_curve::COFACTOR]),
        g1_beta_cube_root: g1::beta().to_bytes(),
        sqrt_minus3: sqrt_minus3.to_bytes(),
        frobenius_fp2_a: quotient.c0.to_bytes(),
        frobenius_fp2_b: quotient.c1.to_bytes(),
        g1_generator: g1::generator(),
        g2_generator: *g2::generator(),
    }
}

fn bytes(words: &[u64]) -> [u8; FP_BYTES] {
    let mut out = [0u8; FP_BYTES];
    for (byte, i) in out.iter_mut().rev().zip(0..) {
        *byte = words
            .get(i / 8)
            .map_or(0, |word| (word >> (8 * (i % 8))) as u8);
    }
    out
}
