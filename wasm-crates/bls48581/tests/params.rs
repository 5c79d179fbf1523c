//! Vectors `params.json` (CRY-01).

mod common;

use bls48581::params::params;
use bls48581::{Scalar, g1, g2, tower::Tower};
use common::{bytes, cases};
use num_bigint::BigInt;
use num_traits::{One, Pow};

#[test]
fn cry_01_p_and_r_follow_from_u() {
    let u = -BigInt::from(bls48581::scalar::U_ABS);
    let r: BigInt = u.clone().pow(16u32) - u.clone().pow(8u32) + BigInt::one();
    let less = &u - BigInt::one();
    let p: BigInt = &less * &less * &r / 3 + &u;
    let params = params();
    assert_eq!(BigInt::from_bytes_be(num_bigint::Sign::Plus, &params.p), p);
    assert_eq!(BigInt::from_bytes_be(num_bigint::Sign::Plus, &params.r), r);
}

#[test]
fn cry_01_params_vector() {
    for case in cases("params") {
        let ours = params();
        let fields: [(&str, &[u8]); 11] = [
            ("p", &ours.p),
            ("r", &ours.r),
            ("x_abs", &ours.x_abs),
            ("g1_cofactor_multiplier", &ours.g1_cofactor_multiplier),
            ("g1_beta_cube_root", &ours.g1_beta_cube_root),
            ("sqrt_minus3", &ours.sqrt_minus3),
            ("frobenius_fp2_a", &ours.frobenius_fp2_a),
            ("frobenius_fp2_b", &ours.frobenius_fp2_b),
            ("g1_generator_compressed", &g1::encode(&ours.g1_generator)),
            (
                "g1_generator_uncompressed",
                &g1::to_uncompressed(&ours.g1_generator),
            ),
            ("g2_generator_compressed", &g2::encode(&ours.g2_generator)),
        ];
        for (name, value) in fields {
            assert_eq!(
                hex::encode(value),
                hex::encode(bytes(&case, name)),
                "{name}"
            );
        }
        let uncompressed = g2::to_uncompressed(&ours.g2_generator);
        assert_eq!(
            uncompressed.to_vec(),
            bytes(&case, "g2_generator_uncompressed")
        );
        assert_eq!(case["x_negative"].as_bool(), Some(ours.x_negative));
    }
}

#[test]
fn cry_01_generators_lie_on_their_curves_and_are_killed_by_r() {
    let minus_one = Scalar::from_bytes_reduced(&[]).sub(&Scalar::from_bytes_reduced(&[1]));
    let g = g1::generator();
    assert!(g.is_on_curve() && g1::is_in_subgroup(&g));
    let negated = g1::multiply_generator(&minus_one).expect("not the identity");
    assert!(negated.equals(&g.negate()));
    let h = g2::generator();
    assert!(h.is_on_curve() && g2::is_in_subgroup(h));
    let negated = g2::multiply_generator(&minus_one).expect("not the identity");
    assert!(negated.equals(&h.negate()));
    assert!(g1::multiply_generator(&Scalar::from_bytes_reduced(&[])).is_none());
    assert!(g2::multiply_generator(&Scalar::from_bytes_reduced(&[])).is_none());
    // Independent of the endomorphisms: (r - 1) G = -G by plain double and add.
    let (mut p, mut q) = (g.to_projective(), h.to_projective());
    let mut order = bls48581::scalar::ORDER;
    order[0] -= 1;
    for bit in (0..517).rev() {
        (p, q) = (p.dbl(), q.dbl());
        if order[bit / 64] >> (bit % 64) & 1 == 1 {
            (p, q) = (p.add_affine(&g), q.add_affine(h));
        }
    }
    assert!(
        p.to_affine(true)
            .expect("not the identity")
            .equals(&g.negate())
    );
    assert!(
        q.to_affine(true)
            .expect("not the identity")
            .equals(&h.negate())
    );
    let beta = g1::beta();
    assert!(beta.sqr().add(&beta).add(&<_ as Tower>::ONE).is_zero());
}
