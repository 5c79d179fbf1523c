//! Vectors `decaf448.json` (CRY-14), and sums of scalars that are not reduced.

mod common;

use common::{bytes, cases, read, verdict};
use ed448::decaf::{self, Point, Scalar, agree, agree_hash, hash_to_scalar};
use serde_json::Value;

fn scalar(case: &Value, field: &str) -> Scalar {
    Scalar::decode(&bytes(case, field)).expect("56 bytes")
}

fn point(case: &Value, field: &str) -> Point {
    Point::decode(&bytes(case, field)).expect("a point")
}

fn generator_multiple(scalar: &Scalar) -> Vec<u8> {
    Point::multiply_generator(scalar).encode().to_vec()
}

fn check(case: &Value) {
    match case["op"].as_str().expect("an operation") {
        "generator" => {
            assert_eq!(Point::generator().encode().to_vec(), bytes(case, "point"));
            assert_eq!(decaf::GENERATOR.to_vec(), bytes(case, "point"));
            assert!(Point::generator() == point(case, "point"));
        }
        "alt_generator" => {
            let second = Point::second_generator().expect("the constant decodes");
            assert_eq!(second.encode().to_vec(), bytes(case, "point"));
        }
        "scalar_to_point" => {
            let scalar = scalar(case, "scalar");
            assert_eq!(generator_multiple(&scalar), bytes(case, "point"));
            let slow = Point::generator().multiply(&scalar);
            assert_eq!(slow.encode().to_vec(), bytes(case, "point"));
        }
        "scalar_mult" => {
            let product = scalar(case, "a").multiply(&scalar(case, "b"));
            if case["scalar"].is_string() {
                assert_eq!(product.to_bytes().to_vec(), bytes(case, "scalar"));
            }
            assert_eq!(generator_multiple(&product), bytes(case, "point"));
        }
        "agree" => {
            let shared = agree(&scalar(case, "secret"), &point(case, "peer_public"));
            assert_eq!(shared.expect("agrees").to_vec(), bytes(case, "shared"));
        }
        "agree_hash_to_scalar" => {
            let both = agree_hash(&scalar(case, "secret"), &point(case, "peer_public"));
            let expected = [bytes(case, "scalar"), bytes(case, "point")].concat();
            assert_eq!(both.expect("agrees").to_vec(), expected);
        }
        "hash_to_scalar" => {
            let hash = hash_to_scalar(&bytes(case, "input"));
            assert_eq!(hash.to_vec(), bytes(case, "scalar"), "CH-10");
            let scalar = Scalar::from_bytes(&hash);
            assert_eq!(generator_multiple(&scalar), bytes(case, "point"));
        }
        "scalar_inverse" => {
            let inverse = scalar(case, "scalar").invert().expect("not zero");
            assert_eq!(inverse.to_bytes().to_vec(), bytes(case, "inverse"));
            assert_eq!(generator_multiple(&inverse), bytes(case, "point"));
        }
        "scalar_addition" => {
            let sum = scalar(case, "a").add(&scalar(case, "b"));
            assert_eq!(sum.to_bytes().to_vec(), bytes(case, "scalar"));
        }
        "scalar_subtraction" => {
            let difference = scalar(case, "a").subtract(&scalar(case, "b"));
            assert_eq!(difference.to_bytes().to_vec(), bytes(case, "scalar"));
        }
        "point_addition" => {
            let sum = point(case, "a").add(&point(case, "b"));
            assert_eq!(sum.encode().to_vec(), bytes(case, "point"));
        }
        "point_subtraction" => {
            let difference = point(case, "a").subtract(&point(case, "b"));
            assert_eq!(difference.encode().to_vec(), bytes(case, "point"));
        }
        "simple_verify" => {
            let (public, message) = (bytes(case, "public"), bytes(case, "message"));
            let result = decaf::verify(&public, &message, &bytes(case, "signature"));
            assert_eq!(result, verdict(case), "{case}");
        }
        "decode" => {
            let decoded = Point::decode(&bytes(case, "point"));
            assert_eq!(decoded.is_ok(), verdict(case), "{case}");
            if let Ok(decoded) = decoded {
                assert_eq!(decoded.encode().to_vec(), bytes(case, "point"));
            }
        }
        other => panic!("operation {other} has no check"),
    }
}

#[test]
fn cry_14_operations_and_verdicts() {
    cases("decaf448").iter().for_each(check);
}

#[test]
fn cry_14_scalars_that_are_not_reduced() {
    let all = read("tests/data/unreduced_scalars.json");
    let has_unreduced = |case: &Value| !bool::from(scalar(case, "a").is_reduced());
    assert!(
        all.iter()
            .any(|case| case["a"].is_string() && has_unreduced(case))
    );
    all.iter().for_each(check);
}
