//! CVT-13: what a light client builds, without any feature, verifies with the 585-byte set-up alone.

mod common;

use common::{bytes, cases, document, flag, index, list};
use kzg::{Statement, verify_multiproof};

#[test]
fn cvt_13_multiproofs_verify_with_the_small_set_up() {
    for case in cases(&document("multiproof.json")) {
        let (commitments, values) = (list(&case["commitments"]), list(&case["values"]));
        let indices: Vec<u64> = case["indices"]
            .as_array()
            .expect("a list")
            .iter()
            .map(index)
            .collect();
        let statements: Vec<Statement<'_>> = commitments
            .iter()
            .zip(&values)
            .zip(indices)
            .map(|((commitment, value), index)| Statement {
                commitment,
                index,
                value,
            })
            .collect();
        let size = usize::try_from(index(&case["size"])).expect("a size");
        let verdict = verify_multiproof(
            &statements,
            &bytes(&case["multicommitment"]),
            &bytes(&case["proof"]),
            size,
        );
        assert_eq!(
            verdict.unwrap_or(false),
            flag(&case["valid"]),
            "{}",
            case["name"]
        );
    }
}
