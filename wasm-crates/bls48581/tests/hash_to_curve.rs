//! Vectors `hash_to_curve.json` (CRY-02).

mod common;

use bls48581::{g1, hash_to_curve};
use common::{bytes, cases, list};
use limbs::field::Kernel;

#[test]
fn cry_02_every_step_of_hash_to_curve() {
    for case in cases("hash_to_curve") {
        let trace = hash_to_curve::trace(&[], &bytes(&case, "message"));
        assert_eq!(trace.expanded.to_vec(), bytes(&case, "expanded"));
        let u: Vec<Vec<u8>> = trace.u.iter().map(|u| u.to_bytes().to_vec()).collect();
        assert_eq!(u, list(&case, "u"));
        let mapped: Vec<Vec<u8>> = trace
            .mapped
            .iter()
            .map(|p| g1::encode(p).to_vec())
            .collect();
        assert_eq!(mapped, list(&case, "mapped"));
        assert!(trace.mapped.iter().all(g1::G1Affine::is_on_curve));
        let point = trace.point.expect("not the identity");
        assert_eq!(g1::encode(&point).to_vec(), bytes(&case, "point"));
        assert!(g1::is_in_subgroup(&point));
    }
}
