//! Sums of public multiples against the constant-time multiplication.

use bls48581::comb::{Combs, Sum};
use bls48581::curve::Projective;
use bls48581::g1::{self, G1Affine, G1Projective};
use bls48581::multiples::sum_of_multiples;
use bls48581::public_scalar::PublicScalar;
use bls48581::{Scalar, hash_to_curve};
use proptest::prelude::*;

fn points(count: u8) -> Vec<G1Affine> {
    (0..count)
        .map(|i| hash_to_curve::hash_to_g1(b"points", &[i]).expect("not the identity"))
        .collect()
}

fn expected(points: &[G1Affine], factors: &[Vec<u8>]) -> G1Projective {
    points.iter().zip(factors).fold(
        Projective::IDENTITY,
        |sum: G1Projective, (point, factor)| {
            sum.add(&g1::multiply(point, &Scalar::from_bytes_reduced(factor)))
        },
    )
}

fn same(a: Option<G1Affine>, b: Option<G1Affine>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.equals(&b),
        (None, None) => true,
        _ => false,
    }
}

fn factor() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 64),
        prop::collection::vec(any::<u8>(), 0..=72),
        Just(vec![1]),
        Just(vec![0]),
        Just(PublicScalar::one().neg().to_bytes()[1..].to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn both_ways_agree_with_single_multiples(factors in prop::collection::vec(factor(), 0..5)) {
        let points = points(5);
        let combs = Combs::new(&points).expect("points of large order");
        let scalars: Vec<_> = factors.iter().map(|bytes| PublicScalar::from_bytes(bytes).expect("short")).collect();
        let expected = expected(&points, &factors);
        let terms: Vec<_> = points.iter().copied().zip(scalars.iter().copied()).collect();
        prop_assert!(same(sum_of_multiples(&terms).to_affine(true), expected.to_affine(true)));
        let terms: Vec<_> = scalars.iter().copied().enumerate().collect();
        let start = points.last().copied();
        let sums = combs.sums(&[Sum { start: None, terms: terms.clone() }, Sum { start, terms }]);
        prop_assert!(same(sums[0], expected.to_affine(true)));
        let shifted = expected.add_affine(&start.expect("five points"));
        prop_assert!(same(sums[1], shifted.to_affine(true)));
    }
}

#[test]
fn equal_and_opposite_terms_are_no_exception() {
    let point = points(1)[0];
    let (two, minus) = (PublicScalar::from_u64(2), PublicScalar::from_u64(2).neg());
    assert!(
        sum_of_multiples(&[(point, two), (point, minus)])
            .to_affine(true)
            .is_none()
    );
    let combs = Combs::new(&[point, point, point.negate()]).expect("points of large order");
    let sum = |terms: &[(usize, PublicScalar)]| {
        combs.sums(&[Sum {
            start: None,
            terms: terms.to_vec(),
        }])[0]
    };
    assert!(sum(&[(0, two), (1, minus)]).is_none());
    assert!(sum(&[(0, two), (2, two)]).is_none());
    let four = point.to_projective().multiply_public(4).to_affine(true);
    assert!(same(sum(&[(0, two), (1, two)]), four));
    assert!(sum(&[(7, two)]).is_none());
}

#[test]
fn many_encodings_decode_as_each_of_them_does() {
    let mut encodings: Vec<Vec<u8>> = points(11)
        .iter()
        .map(|point| g1::encode(point).to_vec())
        .collect();
    for (at, encoding) in encodings.iter_mut().enumerate().step_by(2) {
        match at {
            0 => encoding[0] = 4,
            2 => encoding.truncate(73),
            4 => encoding[1..].fill(0xff),
            6 => encoding[1..].fill(0),
            _ => encoding[73] ^= 1,
        }
    }
    let slices: Vec<&[u8]> = encodings.iter().map(Vec::as_slice).collect();
    for count in [0, 1, 3, 11] {
        let together = g1::decode_all(&slices[..count]);
        assert_eq!(together.len(), count);
        for (together, bytes) in together.iter().zip(&slices) {
            match (together, g1::decode(bytes)) {
                (Ok(a), Ok(b)) => assert!(a.equals(&b)),
                (a, b) => assert_eq!(a.as_ref().err(), b.as_ref().err()),
            }
        }
    }
}
