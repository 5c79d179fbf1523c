//! Constants of the p-power map (spec 10 sections 1.1, 1.3).
//!
//! All follow from `t^(p-1) = s^((p-1)/3) = (-w)^((p-1)/6)`, which lies in F_{p^8}; since
//! `w^4 = -(1+i)`, one exponentiation in F_{p^2} gives it.

use std::sync::OnceLock;

use limbs::field::MODULUS;

use crate::fp2::Fp2;
use crate::fp4::Fp4;
use crate::fp8::Fp8;
use crate::tower::Tower;

/// Powers of the adjoined roots.
pub(crate) struct Constants {
    /// `v^(p-1)`.
    pub v: Fp2,
    /// `w^(p-1)`.
    pub w: Fp4,
    /// `s^(p-1) = t^(3p-3)`.
    pub s: Fp8,
    /// `t^(p-1)`.
    pub t: Fp8,
    /// `t^(2p-2)`.
    pub t2: Fp8,
    /// `z^j` for j below 24 with `z = t^(p^2-1)` in F_{p^2}, a 24th root of unity.
    pub z: [Fp2; 24],
}

/// The constants, computed on first use.
pub(crate) fn constants() -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let t = t_to_p_minus_1();
        let t2 = t.sqr();
        let s = t2.mul(&t);
        let w = s.sqr();
        let v = w.sqr();
        let (w, v) = (w.c0, v.c0.c0);
        // t^(p^2-1) = (t^(p-1))^p t^(p-1); the p-power of an element of F_{p^8} by its levels.
        let half = |x: &Fp4| Fp4::new(x.c0.frobenius(), x.c1.frobenius().mul(&v));
        let conjugate = Fp8::new(half(&t.c0), half(&t.c1).mul(&w));
        let root = conjugate.mul(&t).c0.c0;
        let mut z = [Fp2::ONE; 24];
        for j in 1..z.len() {
            z[j] = z[j - 1].mul(&root);
        }
        Constants { v, w, s, t, t2, z }
    })
}

/// `(-w)^((p-1)/6)`.
fn t_to_p_minus_1() -> Fp8 {
    let mut exponent = MODULUS;
    exponent[0] -= 1;
    let mut rest = 0u128;
    for word in exponent.iter_mut().rev() {
        let value = rest << 64 | u128::from(*word);
        *word = (value / 6) as u64;
        rest = value % 6;
    }
    // (-w)^e = (-w)^(e mod 4) (w^4)^(e div 4).
    let base = Fp2::ONE.nonresidue();
    let mut power = Fp2::ONE;
    for bit in (2..64 * exponent.len()).rev() {
        power = power.sqr();
        if exponent[bit / 64] >> (bit % 64) & 1 == 1 {
            power = power.mul(&base);
        }
    }
    let mut out = Fp8::new(Fp4::new(power, Fp2::ZERO), Fp4::ZERO);
    for _ in 0..exponent[0] & 3 {
        out = out.nonresidue();
    }
    out
}
