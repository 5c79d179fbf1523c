//! The pairing is bilinear and not degenerate (spec 10 section 1.4).

use bls48581::pairing::{Prepared, product_is_one};
use bls48581::{Scalar, g1, g2};

fn scalar(value: u64) -> Scalar {
    let mut bytes = [0u8; 80];
    for (byte, i) in bytes.iter_mut().zip(0u64..) {
        *byte = (value
            .wrapping_mul(i + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> 56) as u8;
    }
    Scalar::from_bytes_reduced(&bytes)
}

#[test]
fn a_factor_moves_from_one_side_to_the_other() {
    for seed in 1..4 {
        let (a, b) = (scalar(seed), scalar(seed + 100));
        let ab = g1::multiply_generator(&a.mul(&b)).expect("not the identity");
        let a_g1 = g1::multiply_generator(&a).expect("not the identity");
        let b_g2 = g2::multiply_generator(&b).expect("not the identity");
        let lines = Prepared::of(&b_g2).expect("in G2");
        let generator = Prepared::generator().expect("in G2");
        // e(b G2, a G1) e(G2, -ab G1) = 1
        assert!(product_is_one(&[(&lines, a_g1), (generator, ab.negate())]));
        assert!(!product_is_one(&[(&lines, a_g1), (generator, ab)]));
        assert!(!product_is_one(&[(&lines, a_g1)]));
        // e(G2, a G1) e(G2, (1 - a) G1) e(G2, -G1) = 1
        let rest = scalar(seed).sub(&Scalar::from_bytes_reduced(&[1]));
        let rest = g1::multiply_generator(&rest)
            .expect("not the identity")
            .negate();
        let minus = g1::generator().negate();
        assert!(product_is_one(&[
            (generator, a_g1),
            (generator, rest),
            (generator, minus)
        ]));
    }
}
