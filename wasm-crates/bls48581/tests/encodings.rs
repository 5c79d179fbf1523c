//! Vectors `encodings.json` (CRY-06, CRY-07).

mod common;

use bls48581::{PublicKey, Signature, g1, g2};
use common::{bytes, cases};

#[test]
fn cry_07_valid_encodings_round_trip_and_all_others_are_refused() {
    for case in cases("encodings") {
        let input = bytes(&case, "input");
        let name = case["name"].as_str().unwrap_or_default();
        let valid = case["valid"].as_bool().expect("a verdict");
        let in_subgroup = case["in_subgroup"].as_bool().expect("a verdict");
        let (decoded, on_curve) = match case["group"].as_str() {
            Some("G1") => {
                let on_curve = g1::decode_on_curve(&input);
                if let Ok(point) = &on_curve {
                    assert_eq!(g1::is_in_subgroup(point), in_subgroup, "{name}");
                    let uncompressed = g1::to_uncompressed(point).to_vec();
                    assert_eq!(uncompressed, bytes(&case, "uncompressed"), "{name}");
                }
                (
                    Signature::from_bytes(&input).map(|p| p.to_bytes().to_vec()),
                    on_curve.is_ok(),
                )
            }
            Some("G2") => {
                let on_curve = g2::decode_on_curve(&input);
                if let Ok(point) = &on_curve {
                    assert_eq!(g2::is_in_subgroup(point), in_subgroup, "{name}");
                    let uncompressed = g2::to_uncompressed(point).to_vec();
                    assert_eq!(uncompressed, bytes(&case, "uncompressed"), "{name}");
                }
                let prepared = PublicKey::from_bytes_prepared(&input);
                assert_eq!(
                    prepared.err(),
                    PublicKey::from_bytes(&input).err(),
                    "{name}"
                );
                (
                    PublicKey::from_bytes(&input).map(|p| p.to_bytes().to_vec()),
                    on_curve.is_ok(),
                )
            }
            other => panic!("unknown group {other:?}"),
        };
        assert_eq!(decoded.is_ok(), valid, "{name}: {decoded:?}");
        if valid {
            assert_eq!(
                decoded.expect("valid"),
                bytes(&case, "compressed"),
                "{name}"
            );
        }
        // Strict decoding accepts a subset of what the reference decodes.
        if on_curve {
            assert_eq!(case["decodes"].as_bool(), Some(true), "{name}");
        }
    }
}
