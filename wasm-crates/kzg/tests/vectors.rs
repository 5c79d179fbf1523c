//! The known answers of `test/vectors/kzg` (spec 20, CVT-01 to CVT-04, CVT-11, CVT-13).
#![cfg(all(feature = "prove", feature = "sizes"))]

mod common;

use common::{bytes, cases, document, flag, index, list, optional, text};
use kzg::{KzgError, Opening, Statement, VerifierSetup, committer_of, multiprove, open, reference};
use kzg::{root_of_unity, verify_multiproof, verify_multiproof_batch, verify_opening};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn size(case: &Value) -> usize {
    usize::try_from(index(&case["size"])).expect("a size")
}

#[test]
fn cvt_01_digests_of_the_set_up_and_roots_of_unity() {
    let file = document("ceremony.json");
    for case in cases(&file) {
        let binary = common::binary(text(&case["name"]));
        assert_eq!(hex::encode(Sha256::digest(&binary)), text(&case["sha256"]));
    }
    let roots = file["roots_of_unity"].as_object().expect("an object");
    for (size, root) in roots {
        assert_eq!(
            hex::encode(root_of_unity(size.parse().expect("a size")).expect("known")),
            text(root)
        );
    }
    assert!(!roots.is_empty());
    assert_eq!(root_of_unity(4096), Err(KzgError::Size(4096)));
    assert_eq!(VerifierSetup::tau_g2().to_vec(), bytes(&file["tau_g2"]));
}

#[test]
fn cvt_01_the_embedded_set_up_is_that_of_the_network() {
    let (verifier, prover, full) = (
        common::binary("ceremony_verifier.bin"),
        common::binary("ceremony_prover64.bin"),
        common::binary("ceremony_full.bin"),
    );
    assert_eq!(include_bytes!("../setup/verifier.bin").as_slice(), verifier);
    assert_eq!(
        include_bytes!("../setup/lagrange64.bin").as_slice(),
        &prover[64 * 74..]
    );
    let lagrange = &full[257 * 74..(257 + 496) * 74];
    let others = [&lagrange[..48 * 74], &lagrange[112 * 74..]].concat();
    assert_eq!(
        include_bytes!("../setup/lagrange16_32_128_256.bin").as_slice(),
        others
    );
}

#[test]
fn cvt_02_commitments_are_byte_equal_and_too_long_data_is_refused() {
    for case in cases(&document("commit.json")) {
        let committer = committer_of(size(case)).expect("a known size");
        let answer = committer.commit_data(&bytes(&case["data"]));
        if flag(&case["valid"]) {
            assert_eq!(
                answer.map(hex::encode).as_deref(),
                Ok(text(&case["commitment"])),
                "{}",
                case["name"]
            );
        } else {
            assert!(
                matches!(answer, Err(KzgError::TooLong { .. })),
                "{}",
                case["name"]
            );
        }
    }
}

/// Checks one opening: strict verdict, the reference's, and the proof where the data is known.
fn check_opening(case: &Value, strict: bool, lax: bool) {
    let (commitment, value, proof) = (
        bytes(&case["commitment"]),
        bytes(&case["value"]),
        bytes(&case["proof"]),
    );
    let (at, size) = (index(&case["index"]), size(case));
    let name = &case["name"];
    let verdict = verify_opening(&commitment, at, &value, &proof, size);
    assert_eq!(verdict.unwrap_or(false), strict, "{name}");
    let verdict = reference::verify_opening(&commitment, at, &value, &proof, size);
    assert_eq!(verdict.unwrap_or(false), lax, "{name}");
    if let Some(data) = optional(case, "data") {
        let data = bytes(data);
        let committed = committer_of(size)
            .expect("known")
            .commit_data(&data)
            .expect("fits");
        assert_eq!(committed.as_slice(), commitment, "{name}");
        assert_eq!(
            open(&data, at, size).expect("fits").as_slice(),
            proof,
            "{name}"
        );
    }
}

#[test]
fn cvt_03_openings() {
    for case in cases(&document("open.json")) {
        let valid = flag(&case["valid"]);
        // A value of 73 bytes may be refused, and is; the proof of a constant vector is the identity.
        let refused = case.get("optional").is_some_and(flag)
            || text(&case["name"]).starts_with("constant polynomial");
        let lax = valid && !case.get("optional").is_some_and(flag);
        check_opening(case, valid && !refused, lax);
    }
}

#[test]
fn cvt_03_cvt_04_cvt_11_points_outside_the_subgroup() {
    for case in cases(&document("points.json")) {
        let lax = flag(&case["valid"]);
        let strict = case.get("strict_valid").map_or(lax, flag);
        match text(&case["kind"]) {
            "open" => check_opening(case, strict, lax),
            "multiproof" => check_multiproof(case, strict, lax),
            other => panic!("unknown kind {other}"),
        }
    }
}

fn check_multiproof(case: &Value, strict: bool, lax: bool) {
    let (commitments, values) = (list(&case["commitments"]), list(&case["values"]));
    let indices: Vec<u64> = case["indices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(index)
        .collect();
    let (d, proof, size, name) = (
        bytes(&case["multicommitment"]),
        bytes(&case["proof"]),
        size(case),
        &case["name"],
    );
    assert_eq!(commitments.len(), indices.len());
    let statements: Vec<Statement<'_>> = commitments
        .iter()
        .zip(&values)
        .zip(&indices)
        .map(|((commitment, value), index)| Statement {
            commitment,
            index: *index,
            value,
        })
        .collect();
    let verdict = verify_multiproof(&statements, &d, &proof, size);
    assert_eq!(verdict.unwrap_or(false), strict, "{name}");
    let verdict = reference::verify_multiproof(&statements, &d, &proof, size);
    assert_eq!(verdict.unwrap_or(false), lax, "{name}");
    let claim = kzg::Claim {
        statements: &statements,
        multicommitment: &d,
        proof: &proof,
    };
    let verdict = verify_multiproof_batch(&[claim, claim], &[7; 32], size);
    assert_eq!(verdict.unwrap_or(false), strict, "{name}, twice in a batch");
    if let Some(polynomials) = optional(case, "polynomials") {
        let polynomials = list(polynomials);
        let openings: Vec<Opening<'_>> = polynomials
            .iter()
            .zip(&commitments)
            .zip(&indices)
            .map(|((data, commitment), index)| Opening {
                commitment,
                data,
                index: *index,
            })
            .collect();
        for opening in &openings {
            let commitment = committer_of(size).expect("known").commit_data(opening.data);
            assert_eq!(
                commitment.expect("fits").as_slice(),
                opening.commitment,
                "{name}"
            );
        }
        let made = multiprove(&openings, size).expect("openings");
        assert_eq!(made.multicommitment.as_slice(), d, "{name}");
        assert_eq!(made.proof.as_slice(), proof, "{name}");
    }
}

#[test]
fn cvt_04_multiproofs() {
    for case in cases(&document("multiproof.json")) {
        let valid = flag(&case["valid"]);
        check_multiproof(case, valid, valid);
    }
}
