//! Vectors `scalars.json`: arithmetic modulo r and generator multiples.

mod common;

use bls48581::{Scalar, g1, g2};
use common::{bytes, cases};

#[test]
fn scalar_arithmetic_and_generator_multiples() {
    for case in cases("scalars") {
        let a = Scalar::from_bytes_reduced(&bytes(&case, "a"));
        let b = Scalar::from_bytes_reduced(&bytes(&case, "b"));
        assert_eq!(a.add(&b).to_bytes().to_vec(), bytes(&case, "add"));
        assert_eq!(a.sub(&b).to_bytes().to_vec(), bytes(&case, "sub"));
        assert_eq!(a.mul(&b).to_bytes().to_vec(), bytes(&case, "mul"));
        assert_eq!(a.invert().to_bytes().to_vec(), bytes(&case, "inv_a"));
        let p = g1::multiply_generator(&a).expect("not the identity");
        assert_eq!(g1::encode(&p).to_vec(), bytes(&case, "g1"));
        let q = g2::multiply_generator(&a).expect("not the identity");
        assert_eq!(g2::encode(&q).to_vec(), bytes(&case, "g2"));
    }
}
