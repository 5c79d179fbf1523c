//! consensus/header_vdf.json, messages.json, join_proof.json (TRV-12).

mod common;

use common::{bytes, cases, file, list, number, refs};
use frames::messages::{timeout_domain, timeout_message, vote_domain, vote_message};
use frames::{AppHeader, GlobalHeader, identity_of, join};
use serde_json::Value;

fn app(listed: &Value) -> AppHeader {
    AppHeader {
        address: bytes(&listed["address"]),
        frame_number: number(&listed["frame_number"]),
        rank: number(&listed["rank"]),
        timestamp: number(&listed["timestamp"]),
        difficulty: number(&listed["difficulty"]),
        output: bytes(&listed["output"]),
        parent_selector: bytes(&listed["parent_selector"]),
        requests_root: bytes(&listed["requests_root"]),
        state_roots: list(&listed["state_roots"]),
        prover: bytes(&listed["prover"]),
        fee_multiplier_vote: number(&listed["fee_multiplier_vote"]),
        signature: None,
    }
}

fn global(listed: &Value) -> GlobalHeader {
    let count: usize = number(&listed["zero_commitments_of_64_bytes"]);
    GlobalHeader {
        frame_number: number(&listed["frame_number"]),
        rank: number(&listed["rank"]),
        timestamp: number(&listed["timestamp"]),
        difficulty: number(&listed["difficulty"]),
        output: bytes(&listed["output"]),
        parent_selector: bytes(&listed["parent_selector"]),
        global_commitments: vec![vec![0; 64]; count],
        prover_tree_commitment: bytes(&listed["prover_tree_commitment"]),
        requests_root: bytes(&listed["requests_root"]),
        prover: bytes(&listed["prover"]),
        signature: None,
    }
}

#[test]
fn trv_12_challenges_cover_every_field_but_the_rank() {
    let root = file("consensus/header_vdf.json");
    let mut unmodified = Vec::new();
    for case in cases(&root, 45) {
        let (what, listed) = (&case["name"], &case["header"]);
        let previous = bytes(&case["previous_output"]);
        let selector = if previous.is_empty() {
            [0; 32]
        } else {
            identity_of(&previous).unwrap()
        };
        assert_eq!(
            selector.to_vec(),
            bytes(&listed["parent_selector"]),
            "{what}"
        );

        let (challenge, output, difficulty) = match case["kind"].as_str().unwrap() {
            "app" => {
                let header = app(listed);
                assert_eq!(
                    header.challenge().to_vec(),
                    bytes(&listed["challenge"]),
                    "{what}"
                );
                (header.challenge(), header.output, header.difficulty)
            }
            "global" => {
                let header = global(listed);
                let good = bytes(&case["challenge_of_unmodified_header"]);
                if what == "good" {
                    assert_eq!(header.challenge().to_vec(), good);
                    let key = bytes(&case["leader_public_key"]);
                    let signature = bytes(&case["leader_signature"]);
                    let payload = header.proof_payload();
                    assert!(bls48581::verify(&key, &signature, &payload, b"global"));
                }
                assert_eq!(
                    header.challenge().to_vec() == good,
                    what != "timestamp",
                    "{what}"
                );
                (header.challenge(), header.output, header.difficulty)
            }
            other => panic!("unknown kind {other}"),
        };
        assert_eq!(
            identity_of(&output).ok().map(hex::encode).as_deref(),
            case["selector"].as_str()
        );
        let valid = classgroup::verify(&challenge, difficulty, &output);
        assert_eq!(valid, case["valid"].as_bool().unwrap(), "{what}");
        if what == "good" || what == "rank is not covered" {
            unmodified.push(valid);
        }
    }
    assert!(unmodified.len() >= 12 && unmodified.iter().all(|valid| *valid));
}

#[test]
fn signed_strings_of_votes_and_timeouts() {
    let root = file("consensus/messages.json");
    for case in cases(&root, 12) {
        let filter = bytes(&case["filter"]);
        let identity = bytes(&case["identity"]).try_into().unwrap();
        let (rank, newest) = (number(&case["rank"]), number(&case["newest_qc_rank"]));
        assert_eq!(
            vote_message(&filter, &identity, rank),
            bytes(&case["vote_message"])
        );
        assert_eq!(vote_domain(&filter), bytes(&case["vote_domain"]));
        assert_eq!(
            timeout_message(&filter, rank, newest),
            bytes(&case["timeout_message"])
        );
        assert_eq!(timeout_domain(&filter), bytes(&case["timeout_domain"]));

        let key = bytes(&case["public_key"]);
        assert_eq!(
            poseidon::hash_bytes(&key).unwrap().to_vec(),
            bytes(&case["prover_address"])
        );
        for kind in ["vote", "timeout"] {
            let field = |what| bytes(&case[format!("{kind}_{what}")]);
            let signature = field("signature");
            assert!(bls48581::verify(
                &key,
                &signature,
                &field("message"),
                &field("domain")
            ));
            let secret = bls48581::SecretKey::from_bytes(&bytes(&case["secret_key"])).unwrap();
            let signed = secret.sign(&field("message"), &field("domain"));
            assert_eq!(signed.to_vec(), signature);
        }
    }
}

#[test]
fn join_proofs() {
    let root = file("consensus/join_proof.json");
    for case in cases(&root, 16) {
        let what = case["name"].as_str().unwrap();
        let output = bytes(&case["frame_output"]);
        assert_eq!(join::challenge(&output).to_vec(), bytes(&case["challenge"]));
        let (listed, filters) = (list(&case["ids"]), list(&case["filters"]));
        let ids = join::ids(&bytes(&case["prover_address"]), &refs(&filters));
        assert_eq!(ids == listed, what != "index in id", "{what}");
        let difficulty = number(&case["difficulty"]);
        let proof = bytes(&case["proof"]);
        let valid = join::verify(&output, difficulty, &refs(&listed), &proof);
        assert_eq!(valid, case["valid"].as_bool().unwrap(), "{what}");
        let longer = [proof.as_slice(), &[0]].concat();
        assert!(
            !join::verify(&output, difficulty, &refs(&listed), &longer),
            "{what}"
        );
    }
}
