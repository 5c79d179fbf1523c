//! frames/app_chain.json and frames/app_negative.json (FRM-01, FRM-02, FRM-04, FRM-11, TRV-13, TRV-14).

mod common;

use std::ops::ControlFlow;

use classgroup::Discriminant;
use common::{bytes, cases, committee, expect, expect_signature, file, list, name, number, refs};
use frames::messages::{vote_domain, vote_message};
use frames::{AppHeader, TailIds, verify_app};
use serde_json::Value;
use sha3::{Digest, Sha3_256};

const CHECKS: [&str; 5] = [
    "shape",
    "vdf",
    "aggregate_key",
    "signature_without_ids",
    "signature_with_ids",
];

fn header(case: &Value) -> AppHeader {
    AppHeader::from_bytes(&bytes(&case["header_pb"])).unwrap()
}

#[test]
fn frm_01_frm_02_trv_12_fields_challenge_identity_link_and_signed_strings() {
    let root = file("frames/app_chain.json");
    let mut previous = vec![0; 32];
    for case in cases(&root, 20) {
        let header = header(case);
        let listed = &case["header"];
        assert_eq!(header.address, bytes(&listed["address"]));
        assert_eq!(header.frame_number, number::<u64>(&listed["frame_number"]));
        assert_eq!(header.rank, number::<u64>(&listed["rank"]));
        assert_eq!(header.timestamp, number::<i64>(&listed["timestamp"]));
        assert_eq!(header.difficulty, number::<u32>(&listed["difficulty"]));
        assert_eq!(header.output, bytes(&listed["output"]));
        assert_eq!(header.parent_selector, bytes(&listed["parent_selector"]));
        assert_eq!(header.requests_root, bytes(&listed["requests_root"]));
        assert_eq!(header.state_roots, list(&listed["state_roots"]));
        assert_eq!(header.prover, bytes(&listed["prover"]));
        assert_eq!(
            header.fee_multiplier_vote,
            number::<u64>(&listed["fee_multiplier_vote"])
        );
        expect_signature(header.signature.as_ref(), &listed["signature"]);

        assert_eq!(header.parent_selector, previous, "{}", name(case));
        assert_eq!(header.challenge().to_vec(), bytes(&case["challenge"]));
        let identity = header.identity().unwrap();
        assert_eq!(identity.to_vec(), bytes(&case["identity"]));
        let message = vote_message(&header.address, &identity, header.rank);
        assert_eq!(message, bytes(&case["vote_message"]));
        assert_eq!(vote_domain(&header.address), bytes(&case["vote_domain"]));
        assert_eq!(
            header.multiproof_challenge().to_vec(),
            bytes(&case["multiproof_challenge"])
        );
        previous = identity.to_vec();
    }
}

#[test]
fn frm_04_checks_of_every_frame_of_the_chain() {
    let root = file("frames/app_chain.json");
    let committee = committee(&root);
    assert_eq!(committee.threshold(), 1337);
    for case in cases(&root, 20) {
        let ids = list(&case["multiproof_ids"]);
        let ids = refs(&ids);
        let verdict = verify_app(&header(case), &committee, TailIds::Given(&ids));
        for check in CHECKS {
            expect(&verdict, check, &case["checks"][check], name(case));
        }
        let lacks_weight = case["signers"].as_array().unwrap().len() == 1;
        assert_eq!(verdict.check("quorum").unwrap().ok, !lacks_weight);
        assert_eq!(verdict.valid, !lacks_weight);
        assert!(verdict.valid_without(&["quorum"]));
    }
}

#[test]
fn frm_04_frm_11_trv_13_every_check_on_its_own_and_the_strict_verdict() {
    let root = file("frames/app_negative.json");
    let chain = file("frames/app_chain.json");
    let committee = committee(&root);
    let mut tail_only = 0;
    for case in cases(&root, 47) {
        let (base, _) = name(case).split_once(':').unwrap();
        let base = cases(&chain, 20).iter().find(|c| name(c) == base).unwrap();
        let ids = list(&base["multiproof_ids"]);
        let ids = refs(&ids);
        let verdict = verify_app(&header(case), &committee, TailIds::Given(&ids));
        for check in CHECKS {
            expect(&verdict, check, &case["checks"][check], name(case));
        }
        let strict = case["strict_valid"].as_bool().unwrap();
        assert_eq!(verdict.valid_without(&["quorum"]), strict, "{}", name(case));

        let frame = verify_app(&header(case), &committee, TailIds::Skip);
        assert!(frame.check("signature_with_ids").is_none());
        assert_eq!(frame.valid, verdict.valid_without(&["signature_with_ids"]));
        tail_only += usize::from(frame.valid && !verdict.valid);
    }
    assert_eq!(
        tail_only, 3,
        "valid frames that are excluded from reward submission"
    );
}

#[test]
fn trv_14_a_74_byte_signature_with_two_bits_is_refused() {
    let root = file("frames/app_chain.json");
    let committee = committee(&root);
    let mut header = header(&root["cases"][4]);
    let signature = header.signature.as_mut().unwrap();
    assert_eq!(signature.signature.len(), 74);
    signature.bitmask = vec![0b11];
    let verdict = verify_app(&header, &committee, TailIds::Skip);
    let check = verdict.check("signature_without_ids").unwrap();
    assert_eq!(
        check.reason.as_deref(),
        Some("a signature without tail names 2 signers")
    );
}

#[test]
fn frm_11_bounds_of_the_tail_are_checked_before_it_is_read() {
    let root = file("frames/app_chain.json");
    let committee = committee(&root);
    let base = header(&root["cases"][11]);
    let verdict = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut header = base.clone();
        edit(&mut header.signature.as_mut().unwrap().signature);
        verify_app(&header, &committee, TailIds::Committee)
            .check("signature_with_ids")
            .unwrap()
            .reason
            .clone()
    };
    assert_eq!(verdict(&|_| ()), None);
    assert_eq!(verdict(&|s| s.push(7)), None, "surplus bytes are ignored");
    let reason = |edit: &dyn Fn(&mut Vec<u8>)| verdict(edit).unwrap();
    assert!(reason(&|s| s[74] = 0xff).contains("more than 256"));
    assert!(reason(&|s| s[77] = 3).contains("no list of ids has 3 entries"));
    assert!(reason(&|s| s.truncate(77)).contains("no count"));
    assert!(reason(&|s| s.truncate(78 + 516 * 4 - 1)).contains("inside proof 3"));
    assert!(reason(&|s| s.resize(74 + 4 + 516 * 256 + 1, 0)).contains("more than 132174"));
    let proof = |s: &mut Vec<u8>| s[78 + 516] ^= 1;
    assert!(reason(&proof).contains("do not verify"));
}

#[test]
fn the_tail_is_checked_against_the_participants_then_against_the_whole_committee() {
    let root = file("frames/app_chain.json");
    let committee = committee(&root);
    let three = &root["cases"][9];
    assert_eq!(three["signers"].as_array().unwrap().len(), 3);
    let verdict = verify_app(&header(three), &committee, TailIds::Committee);
    assert!(verdict.valid, "{verdict:?}");
    let single = verify_app(&header(&root["cases"][0]), &committee, TailIds::Committee);
    assert!(single.check("signature_with_ids").is_none());
}

#[test]
fn a_tail_over_the_whole_committee_is_accepted_although_one_member_did_not_sign() {
    let root = file("frames/app_chain.json");
    let committee = committee(&root);
    let mut header = header(&root["cases"][9]);
    let challenge = header.multiproof_challenge();
    let discriminant = Discriminant::from_challenge(&challenge, 2048).unwrap();
    let ids: Vec<&[u8]> = committee
        .members()
        .iter()
        .map(|m| m.address.as_slice())
        .collect();
    let signature = &mut header.signature.as_mut().unwrap().signature;
    signature.truncate(74);
    signature.extend(4u32.to_be_bytes());
    for index in 0..4 {
        let solution = classgroup::multi::solve_one_with(
            &discriminant,
            &challenge,
            header.difficulty,
            &ids,
            index,
            &mut |_| ControlFlow::Continue(()),
        );
        signature.extend(solution.unwrap());
    }
    let verdict = verify_app(&header, &committee, TailIds::Committee);
    assert!(verdict.valid, "{verdict:?}");
    let participants = [ids[0], ids[1], ids[3]];
    let verdict = verify_app(&header, &committee, TailIds::Given(&participants));
    assert!(!verdict.check("signature_with_ids").unwrap().ok);
    assert!(verdict.valid_without(&["signature_with_ids"]));
}

#[test]
fn frame_0_of_a_shard_needs_no_signature_but_the_time_proof_of_spec_11_section_5_2() {
    let committee = committee(&file("frames/app_chain.json"));
    let (address, difficulty) = ([7; 32], 20u32);
    let preimage = [
        &[0; 516][..],
        &address,
        &[0; 8],
        &[0; 8],
        &difficulty.to_be_bytes(),
        &100u64.to_be_bytes(),
        &[0; 32],
    ]
    .concat();
    let challenge: [u8; 32] = Sha3_256::digest(preimage).into();
    let solve = |challenge: &[u8]| {
        let mut never = |_| ControlFlow::Continue(());
        classgroup::solve(challenge, difficulty, &mut never)
            .unwrap()
            .to_vec()
    };
    let header = AppHeader {
        address: address.to_vec(),
        difficulty,
        output: solve(&challenge),
        parent_selector: vec![0; 32],
        requests_root: vec![0; 74],
        state_roots: vec![vec![0; 74]; 4],
        prover: vec![1; 32],
        fee_multiplier_vote: 100,
        ..AppHeader::default()
    };
    let verdict = verify_app(&header, &committee, TailIds::Skip);
    assert!(verdict.valid, "{verdict:?}");
    assert_eq!(verdict.checks.len(), 2);
    let harder = AppHeader {
        difficulty: difficulty + 1,
        ..header.clone()
    };
    assert!(!verify_app(&harder, &committee, TailIds::Skip).valid);
    let first = AppHeader {
        frame_number: 1,
        ..header
    };
    let first = AppHeader {
        output: solve(&first.challenge()),
        ..first
    };
    let verdict = verify_app(&first, &committee, TailIds::Skip);
    assert!(verdict.check("vdf").unwrap().ok);
    assert!(!verdict.check("signature_without_ids").unwrap().ok && !verdict.valid);
}
