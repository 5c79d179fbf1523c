//! frames/global_chain.json and frames/global_fields.json: a checkpoint and 20 linked headers.

mod common;

use std::ops::ControlFlow;

use common::{bytes, cases, committee, expect, expect_signature, file, list, name, number, rules};
use frames::messages::{vote_domain, vote_message};
use frames::{GlobalHeader, QuorumCertificate, verify_global, verify_pinned};

fn header(case: &serde_json::Value) -> GlobalHeader {
    GlobalHeader::from_bytes(&bytes(&case["header_pb"])).unwrap()
}

#[test]
fn frm_01_frm_02_trv_12_fields_challenge_identity_link_and_signed_strings() {
    let root = file("frames/global_chain.json");
    let mut previous: Option<Vec<u8>> = None;
    for case in cases(&root, 21) {
        let header = header(case);
        let listed = &case["header"];
        assert_eq!(header.frame_number, number::<u64>(&listed["frame_number"]));
        assert_eq!(header.rank, number::<u64>(&listed["rank"]));
        assert_eq!(header.timestamp, number::<i64>(&listed["timestamp"]));
        assert_eq!(header.difficulty, number::<u32>(&listed["difficulty"]));
        assert_eq!(header.output, bytes(&listed["output"]));
        assert_eq!(header.parent_selector, bytes(&listed["parent_selector"]));
        assert_eq!(
            header.global_commitments.len() as u64,
            listed["global_commitments_count"].as_u64().unwrap()
        );
        assert_eq!(
            header.prover_tree_commitment,
            bytes(&listed["prover_tree_commitment"])
        );
        assert_eq!(header.requests_root, bytes(&listed["requests_root"]));
        assert_eq!(header.prover, bytes(&listed["prover"]));
        expect_signature(header.signature.as_ref(), &listed["signature"]);

        let identity = header.identity().unwrap();
        assert_eq!(
            identity.to_vec(),
            bytes(&case["identity"]),
            "{}",
            name(case)
        );
        if let Some(previous) = previous.replace(identity.to_vec()) {
            assert_eq!(header.parent_selector, previous, "{}", name(case));
            assert_eq!(header.challenge().to_vec(), bytes(&case["challenge"]));
            assert_eq!(header.proof_payload(), bytes(&case["proof_payload"]));
            assert_eq!(vote_domain(&[]), bytes(&case["vote_domain"]));
            assert_eq!(
                vote_message(&[], &identity, header.rank),
                bytes(&case["vote_message"])
            );
        }
    }
}

#[test]
fn frm_03_frm_07_checks_of_every_frame_and_refusal_below_quorum() {
    let root = file("frames/global_chain.json");
    let (committee, rules) = (committee(&root), rules());
    let mut below = Vec::new();
    for (number, case) in cases(&root, 21).iter().enumerate() {
        let header = header(case);
        let verdict = verify_global(&header, &committee, &rules);
        if number == 0 {
            assert!(
                verdict.valid,
                "the checkpoint is the configured genesis: {verdict:?}"
            );
            assert!(
                verdict.check("vdf").is_none(),
                "it is trusted, not verified"
            );
            continue;
        }
        let checks = &case["checks"];
        for check in ["shape", "vdf", "signature", "aggregate_key", "quorum"] {
            expect(&verdict, check, &checks[check], name(case));
        }
        assert_eq!(
            verdict.signed_weight,
            checks["signed_weight"].as_u64().unwrap()
        );
        let signers: Vec<u32> = case["signers"]
            .as_array()
            .unwrap()
            .iter()
            .map(number_of)
            .collect();
        assert_eq!(verdict.signers, signers);
        assert_eq!(
            verdict.valid_without(&["quorum"]),
            case["valid"].as_bool().unwrap()
        );
        assert_eq!(verdict.valid, case["quorum"].as_bool().unwrap());
        if !verdict.valid {
            below.push(number);
        }

        let pinned = verify_pinned(&header, &committee, &rules).unwrap();
        assert_eq!(pinned.valid, verdict.valid, "{}: {pinned:?}", name(case));
        assert_eq!(pinned.signers, verdict.signers);
        assert_eq!(pinned.signed_weight, verdict.signed_weight);
    }
    assert_eq!(below, [1, 2, 3, 11]);
}

fn number_of(value: &serde_json::Value) -> u32 {
    number(value)
}

#[test]
fn the_leaders_signature_covers_challenge_and_output() {
    let root = file("frames/global_chain.json");
    for case in &cases(&root, 21)[1..] {
        let listed = &case["proposal_signature"];
        assert_eq!(bytes(&listed["bitmask"]).len(), 32);
        let verify = |payload: &[u8]| {
            let signature = bytes(&listed["signature"]);
            bls48581::verify(
                &bytes(&listed["public_key"]),
                &signature,
                payload,
                b"global",
            )
        };
        let mut payload = header(case).proof_payload();
        assert!(verify(&payload), "{}", name(case));
        payload[0] ^= 1;
        assert!(!verify(&payload), "{}", name(case));
    }
}

#[test]
fn a_quorum_certificate_carries_the_same_signature_and_can_be_attached() {
    let root = file("frames/global_chain.json");
    for case in &cases(&root, 21)[1..] {
        let header = header(case);
        let encoded = bytes(&case["quorum_certificate_pb"]);
        let certificate = QuorumCertificate::from_protobuf(&encoded).unwrap();
        assert_eq!(certificate.to_protobuf(), encoded);
        assert_eq!(certificate.selector, header.identity().unwrap());
        assert_eq!(certificate.rank, header.rank);
        assert_eq!(certificate.frame_number, header.frame_number);
        assert_eq!(certificate.signature, header.signature);

        let unsigned = GlobalHeader {
            signature: None,
            ..header.clone()
        };
        assert_eq!(unsigned.with_certificate(&certificate).unwrap(), header);
        let other = QuorumCertificate {
            rank: certificate.rank + 1,
            ..certificate
        };
        assert!(unsigned.with_certificate(&other).is_err());
    }
}

#[test]
fn frm_05_producing_gives_the_outputs_of_the_vectors() {
    let root = file("frames/global_chain.json");
    for case in &cases(&root, 21)[1..4] {
        let header = header(case);
        let mut never = |_| ControlFlow::Continue(());
        let output = classgroup::solve(&header.challenge(), header.difficulty, &mut never).unwrap();
        assert_eq!(output.to_vec(), header.output, "{}", name(case));
    }
}

#[test]
fn frm_10_skipping_needs_no_headers_between_and_refuses_a_borrowed_signature() {
    let root = file("frames/global_chain.json");
    let (committee, rules) = (committee(&root), rules());
    let (fourth, last) = (header(&root["cases"][4]), header(&root["cases"][20]));
    assert!(verify_pinned(&fourth, &committee, &rules).unwrap().valid);
    assert!(verify_pinned(&last, &committee, &rules).unwrap().valid);
    let borrowed = GlobalHeader {
        signature: fourth.signature,
        ..last
    };
    let verdict = verify_pinned(&borrowed, &committee, &rules).unwrap();
    assert!(!verdict.check("signature").unwrap().ok);
    assert!(!verdict.valid);
}

#[test]
fn frm_01_field_listing_with_all_commitments() {
    let root = file("frames/global_fields.json");
    for case in cases(&root, 3) {
        let listed = &case["header"];
        let built = GlobalHeader {
            frame_number: number(&listed["frame_number"]),
            rank: number(&listed["rank"]),
            timestamp: number(&listed["timestamp"]),
            difficulty: number(&listed["difficulty"]),
            output: bytes(&listed["output"]),
            parent_selector: bytes(&listed["parent_selector"]),
            global_commitments: list(&listed["global_commitments"]),
            prover_tree_commitment: bytes(&listed["prover_tree_commitment"]),
            requests_root: bytes(&listed["requests_root"]),
            prover: bytes(&listed["prover"]),
            signature: header(case).signature,
        };
        expect_signature(built.signature.as_ref(), &listed["signature"]);
        assert_eq!(built, header(case));
        assert_eq!(built.to_protobuf(), bytes(&case["header_pb"]));
        assert_eq!(built.challenge().to_vec(), bytes(&case["challenge"]));
    }
}
