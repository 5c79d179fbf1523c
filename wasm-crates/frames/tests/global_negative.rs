//! frames/global_negative.json: mutations of one header (FRM-03, TRV-13).

mod common;

use common::{bytes, cases, committee, expect, file, name, rules};
use frames::{
    GlobalHeader, Rules, verify_certificate, verify_certificate_observed, verify_global,
    verify_pinned,
};

#[test]
fn frm_03_trv_13_every_check_on_its_own_and_the_strict_verdict() {
    let root = file("frames/global_negative.json");
    let (committee, rules) = (committee(&root), rules());
    for case in cases(&root, 29) {
        let header = GlobalHeader::from_bytes(&bytes(&case["header_pb"])).unwrap();
        let verdict = verify_global(&header, &committee, &rules);
        let checks = &case["checks"];
        for check in ["shape", "vdf", "signature", "aggregate_key", "quorum"] {
            expect(&verdict, check, &checks[check], name(case));
        }
        assert_eq!(
            verdict.signed_weight,
            checks["signed_weight"].as_u64().unwrap()
        );
        let strict = case["strict_valid"].as_bool().unwrap();
        assert_eq!(verdict.valid, strict, "{}: {verdict:?}", name(case));
        let lax = case["valid"].as_bool().unwrap();
        assert_eq!(verdict.valid_without(&["bitmask"]), lax, "{}", name(case));
    }
}

#[test]
fn the_pinned_path_replaces_the_bitmask_and_refuses_an_outsider() {
    let root = file("frames/global_negative.json");
    let (committee, rules) = (committee(&root), rules());
    assert_eq!(committee.pinned_table().unwrap().len(), 127);
    for case in cases(&root, 29) {
        let header = GlobalHeader::from_bytes(&bytes(&case["header_pb"])).unwrap();
        let pinned = verify_pinned(&header, &committee, &rules).unwrap();
        let full = verify_certificate(&header, &committee, &rules);
        assert_eq!(
            pinned.check("signature").unwrap().ok,
            full.check("signature").unwrap().ok
        );
        // A valid key under a wrong bitmask: only the general path depends on it.
        let bitmask_only =
            full.valid_without(&["bitmask", "aggregate_key", "quorum", "difficulty"])
                && committee
                    .pinned_table()
                    .unwrap()
                    .lookup(header.signature.as_ref().map_or(&[], |s| s.key_bytes()))
                    .is_some_and(|members| members.len() >= 4);
        assert_eq!(pinned.valid, bitmask_only, "{}", name(case));
    }
}

#[test]
fn an_observer_sees_every_check_in_the_order_of_the_verdict() {
    let root = file("frames/global_negative.json");
    let (committee, rules) = (committee(&root), rules());
    for case in cases(&root, 29) {
        let header = GlobalHeader::from_bytes(&bytes(&case["header_pb"])).unwrap();
        let mut seen = Vec::new();
        let verdict = verify_certificate_observed(&header, &committee, &rules, &mut |check| {
            seen.push(check.clone());
        });
        assert_eq!(seen, verdict.checks, "{}", name(case));
        assert_eq!(verdict, verify_certificate(&header, &committee, &rules));
    }
}

#[test]
fn frm_09_unsigned_and_early_headers_are_refused() {
    let root = file("frames/global_negative.json");
    let (committee, rules) = (committee(&root), rules());
    let base = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    let unsigned = GlobalHeader {
        signature: None,
        ..base.clone()
    };
    let verdict = verify_certificate(&unsigned, &committee, &rules);
    assert!(!verdict.check("shape").unwrap().ok && !verdict.valid);
    for frame_number in [0, 1, 244_199, 244_200] {
        let early = GlobalHeader {
            frame_number,
            ..base.clone()
        };
        let verdict = verify_certificate(&early, &committee, &rules);
        assert!(!verdict.check("genesis").unwrap().ok, "{frame_number}");
        assert!(!verdict.valid);
        assert!(!verify_pinned(&early, &committee, &rules).unwrap().valid);
    }
}

#[test]
fn frm_12_the_difficulty_floor_holds_without_certificate_only() {
    let root = file("frames/global_negative.json");
    let committee = committee(&root);
    let rules = Rules {
        difficulty_floor: 50_000,
        ..rules()
    };
    let base = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    assert!(base.difficulty < 50_000);
    let certified = verify_certificate(&base, &committee, &rules);
    assert!(certified.valid && certified.check("difficulty").is_none());
    let unsigned = GlobalHeader {
        signature: None,
        ..base
    };
    let verdict = verify_certificate(&unsigned, &committee, &rules);
    assert!(!verdict.check("difficulty").unwrap().ok);
    let enough = GlobalHeader {
        difficulty: 50_000,
        ..unsigned
    };
    let verdict = verify_certificate(&enough, &committee, &rules);
    assert!(verdict.check("difficulty").unwrap().ok && !verdict.valid);
}

#[test]
fn a_prover_outside_the_committee_is_refused_where_the_rules_ask_for_it() {
    let root = file("frames/global_negative.json");
    let committee = committee(&root);
    let rules = Rules {
        prover_in_committee: true,
        ..rules()
    };
    let base = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    assert!(verify_certificate(&base, &committee, &rules).valid);
    let mut other = base;
    other.prover[0] ^= 1;
    let verdict = verify_certificate(&other, &committee, &rules);
    assert!(!verdict.check("prover").unwrap().ok);
    assert!(verdict.valid_without(&["prover"]) && !verdict.valid);
}

#[test]
fn bare_commitments_pass_the_shape_check_only_where_the_rules_allow_them() {
    let root = file("frames/global_negative.json");
    let (committee, strict) = (committee(&root), rules());
    let lenient = Rules {
        allow_bare_commitments: true,
        ..strict.clone()
    };
    let base = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    let bare = GlobalHeader {
        global_commitments: Vec::new(),
        prover_tree_commitment: Vec::new(),
        ..base.clone()
    };
    let half = GlobalHeader {
        prover_tree_commitment: Vec::new(),
        ..base
    };
    let shape = |header, rules| {
        let verdict = verify_certificate(header, &committee, rules);
        verdict.check("shape").unwrap().ok
    };
    assert!(shape(&bare, &lenient) && !shape(&bare, &strict));
    assert!(!shape(&half, &lenient), "both are absent, or none");
}
