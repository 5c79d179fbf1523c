//! Laws of both groups, and the multiplications against each other.

use ed448::Scalar;
use ed448::decaf;
use ed448::multiply::{double_base_public, fixed_base, variable_base};
use ed448::point::Point;
use proptest::prelude::*;

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        6 => proptest::collection::vec(any::<u8>(), 56).prop_map(|v| Scalar::from_bytes(&v.try_into().expect("56 bytes"))),
        1 => (0u32..40).prop_map(Scalar::from_u32),
        1 => Just(Scalar::from_bytes(&[255; 56])),
        1 => Just(Scalar::from_bytes(&[0x88; 56])),
        1 => (1u32..40).prop_map(|small| Scalar::from_u32(0).subtract(&Scalar::from_u32(small))),
    ]
}

/// A point of the curve, with or without a component of small order.
fn point() -> impl Strategy<Value = Point> {
    (scalar(), 0usize..4).prop_map(|(scalar, torsion)| {
        // y = 0: a point of order 4.
        let quarter = Point::decode(&[0; 57]).expect("a point");
        (0..torsion).fold(fixed_base(&scalar), |sum, _| sum.add(&quarter))
    })
}

/// Doubling and adding, bit by bit.
fn slowly(scalar: &Scalar, point: &Point) -> Point {
    let mut sum = Point::IDENTITY;
    for byte in scalar.to_bytes().iter().rev() {
        for bit in (0..8).rev() {
            sum = sum.double();
            if byte >> bit & 1 == 1 {
                sum = sum.add(point);
            }
        }
    }
    sum
}

fn same(a: &Point, b: &Point) -> bool {
    bool::from(a.equals(b)) && a.encode() == b.encode()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_curve_is_a_group(a in point(), b in point(), c in point()) {
        prop_assert!(same(&a.add(&b), &b.add(&a)));
        prop_assert!(same(&a.add(&b).add(&c), &a.add(&b.add(&c))));
        prop_assert!(same(&a.add(&Point::IDENTITY), &a));
        prop_assert!(same(&a.add(&a), &a.double()));
        prop_assert!(bool::from(a.subtract(&a).is_identity()));
        prop_assert!(same(&Point::decode(&a.encode()).expect("a point"), &a));
    }

    #[test]
    fn every_multiplication_agrees(a in scalar(), b in scalar(), p in point()) {
        let base = Point::base();
        prop_assert!(same(&fixed_base(&a), &slowly(&a, &base)));
        let multiple = variable_base(&b, &p);
        prop_assert!(same(&multiple, &slowly(&b, &p)));
        let both = double_base_public(&a, &b, &p);
        prop_assert!(same(&both, &fixed_base(&a).add(&multiple)));
    }

    #[test]
    fn decaf_is_a_group_of_prime_order(a in scalar(), b in scalar(), c in scalar()) {
        use decaf::Point;
        let (p, q) = (Point::multiply_generator(&a), Point::multiply_generator(&b));
        prop_assert_eq!(Point::decode(&p.encode()).expect("a point"), p);
        prop_assert_eq!(p.add(&q), q.add(&p));
        prop_assert_eq!(p.add(&q).encode(), Point::multiply_generator(&a.reduce().add(&b.reduce())).encode());
        prop_assert_eq!(p.subtract(&q), p.add(&q.negate()));
        prop_assert_eq!(p.multiply(&c), Point::multiply_generator(&a.multiply(&c)));
        prop_assert_eq!(Point::decode(&p.encode()).expect("a point").multiply(&c).encode(), p.multiply(&c.reduce()).encode());
        prop_assert_eq!(Point::double_multiply_public(&a, &b, &q), p.add(&q.multiply(&b)));
        prop_assert!(bool::from(p.subtract(&p).is_identity()));
        prop_assert_eq!(p.subtract(&p).encode(), [0; 56]);
        prop_assert_eq!(bool::from(p.is_identity()), bool::from(a.is_zero()));
    }
}
