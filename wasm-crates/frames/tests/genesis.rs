//! frames/mainnet_genesis.json and consensus/genesis_mainnet.json without the roots (FRM-08, FRM-09).

mod common;

use common::{bytes, cases, file, list, number};
use frames::genesis::{Genesis, allocation_address, shard_indices};
use frames::{GlobalHeader, QuorumCertificate, verify_global};

#[test]
fn mainnet_constants_equal_both_vector_files() {
    let genesis = Genesis::mainnet();
    let frames = file("frames/mainnet_genesis.json");
    let consensus = file("consensus/genesis_mainnet.json");
    for case in [&cases(&frames, 1)[0], &cases(&consensus, 1)[0]] {
        assert_eq!(genesis.frame_number, number::<u64>(&case["frame_number"]));
        assert_eq!(genesis.timestamp, number::<i64>(&case["timestamp"]));
        assert_eq!(genesis.difficulty, number::<u32>(&case["difficulty"]));
        assert_eq!(
            genesis.parent_selector.to_vec(),
            bytes(&case["parent_selector"])
        );
        assert_eq!(genesis.output, bytes(&case["output"]));
        for (ours, listed) in genesis
            .provers
            .iter()
            .zip(case["provers"].as_array().unwrap())
        {
            assert_eq!(ours.public_key, bytes(&listed["public_key"]));
        }
        let initial = case["initial_commitments"].as_array().unwrap();
        assert_eq!(genesis.initial_commitments.len(), initial.len());
        assert_eq!(
            genesis.initial_commitments[0].value,
            bytes(&initial[0]["value"])
        );
    }
    let identity = genesis.identity().unwrap().to_vec();
    let frames = &frames["cases"][0];
    assert_eq!(identity, bytes(&frames["identity"]));
    assert_eq!(identity, bytes(&frames["output_poseidon_516"]));
    for (ours, listed) in genesis
        .provers
        .iter()
        .zip(frames["provers"].as_array().unwrap())
    {
        assert_eq!(ours.peer_id, listed["peer_id"].as_str());
        assert_eq!(ours.peer_id.is_none(), listed["role"] == "beacon");
    }

    let case = &consensus["cases"][0];
    assert_eq!(identity, bytes(&case["selector"]));
    assert_eq!(genesis.prover, bytes(&case["header_prover"]));
    let seniority: u64 = number(&case["seniority_each"]);
    for (ours, listed) in genesis
        .provers
        .iter()
        .zip(case["provers"].as_array().unwrap())
    {
        assert_eq!(
            ours.peer_id.unwrap_or("beacon"),
            listed["name"].as_str().unwrap()
        );
        assert_eq!(ours.seniority, seniority);
        let address = poseidon::hash_bytes(&ours.public_key).unwrap();
        assert_eq!(address.to_vec(), bytes(&listed["prover_address"]));
        let allocation = allocation_address(&ours.public_key, &[]).unwrap();
        assert_eq!(allocation.to_vec(), bytes(&listed["allocation_address"]));
    }
    let initial = &case["initial_commitments"][0];
    let address = genesis.initial_commitments[0].address;
    assert_eq!(address.to_vec(), bytes(&initial["key"]));
    let l1: Vec<u64> = shard_indices(&address).map(u64::from).to_vec();
    let listed: Vec<u64> = initial["l1"]
        .as_array()
        .unwrap()
        .iter()
        .map(number)
        .collect();
    assert_eq!(l1, listed);
    assert_eq!(shard_indices(&[0; 32]), [0; 3]);
    assert_eq!(shard_indices(&[0x40; 32]), [0; 3]);
}

#[test]
fn frm_08_the_pinned_table_of_mainnet_has_63_subsets_and_a_quorum_of_four() {
    let committee = Genesis::mainnet().committee().unwrap();
    let listed = file("frames/mainnet_genesis.json");
    let mut addresses: Vec<Vec<u8>> = listed["cases"][0]["provers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prover| bytes(&prover["address"]))
        .collect();
    addresses.sort();
    let ours: Vec<Vec<u8>> = committee
        .members()
        .iter()
        .map(|m| m.address.to_vec())
        .collect();
    assert_eq!(ours, addresses);
    let table = committee.pinned_table().unwrap();
    assert_eq!(table.len(), 63);
    for (index, member) in committee.members().iter().enumerate() {
        assert_eq!(
            table.lookup(&member.public_key.to_bytes()),
            Some(&[index][..])
        );
    }
    let sum: Vec<_> = committee.members()[1..4]
        .iter()
        .map(|m| m.public_key.clone())
        .collect();
    let sum = bls48581::aggregate_keys(&sum).unwrap();
    assert_eq!(table.lookup(&sum.to_bytes()), Some(&[1, 2, 3][..]));
    let weight = committee.members()[0].weight;
    assert!(3 * weight < committee.threshold() && 4 * weight >= committee.threshold());
}

#[test]
fn frm_09_the_genesis_header_is_accepted_only_with_the_configured_identity_and_fields() {
    let genesis = Genesis::mainnet();
    let (committee, rules) = (genesis.committee().unwrap(), genesis.rules().unwrap());
    let case = &file("consensus/genesis_mainnet.json")["cases"][0];
    let mut commitments = vec![vec![0; 64]; 256];
    for listed in case["nonzero_global_commitments"].as_array().unwrap() {
        commitments[number::<usize>(&listed["index"])] = bytes(&listed["commitment"]);
    }
    let header = genesis.header(commitments, bytes(&case["prover_tree_commitment"]));
    let encoded = header.to_protobuf();
    assert!(encoded.ends_with(&[0x5a, 0x02, 0x12, 0x00]));
    assert_eq!(GlobalHeader::from_bytes(&encoded).unwrap(), header);
    assert!(
        header.to_canonical().is_err(),
        "a prover of 585 bytes has no canonical form"
    );

    let verdict = verify_global(&header, &committee, &rules);
    assert!(verdict.valid, "{verdict:?}");
    let refused = |edit: &dyn Fn(&mut GlobalHeader)| {
        let mut other = header.clone();
        edit(&mut other);
        let verdict = frames::verify_certificate(&other, &committee, &rules);
        assert!(!verdict.check("genesis").unwrap().ok && !verdict.valid);
    };
    refused(&|h| h.output[7] ^= 1);
    refused(&|h| h.timestamp += 1);
    refused(&|h| h.difficulty -= 1);
    refused(&|h| h.parent_selector[0] ^= 1);
    refused(&|h| h.frame_number = 0);
    refused(&|h| h.frame_number -= 1);
}

#[test]
fn frm_09_the_genesis_certificate_is_rank_0_with_the_configured_frame() {
    let genesis = Genesis::mainnet();
    let rules = genesis.rules().unwrap();
    let certificate = genesis.certificate().unwrap();
    let case = &file("consensus/genesis_mainnet.json")["cases"][0]["qc"];
    assert_eq!(certificate.rank, number::<u64>(&case["rank"]));
    assert_eq!(
        certificate.frame_number,
        number::<u64>(&case["frame_number"])
    );
    assert_eq!(certificate.timestamp, number::<u64>(&case["timestamp"]));
    let signature = certificate.signature.as_ref().unwrap();
    assert_eq!(signature.signature, bytes(&case["signature"]));
    assert_eq!(signature.bitmask, bytes(&case["bitmask"]));
    assert_eq!(signature.key_bytes(), [0; 585]);
    assert!(rules.is_genesis_certificate(&certificate));
    let other = |edit: &dyn Fn(&mut QuorumCertificate)| {
        let mut other = certificate.clone();
        edit(&mut other);
        assert!(!rules.is_genesis_certificate(&other));
    };
    other(&|c| c.rank = 1);
    other(&|c| c.frame_number += 1);
    other(&|c| c.selector[0] ^= 1);
    other(&|c| c.filter = vec![1; 32]);
}

#[test]
fn other_networks_start_at_frame_0() {
    let keys = list(&serde_json::json!([
        file("frames/mainnet_genesis.json")["cases"][0]["provers"][0]["public_key"]
    ]));
    let genesis = Genesis::local(&keys, 1_750_000_000_000, 10_000);
    let rules = genesis.rules().unwrap();
    let committee = genesis.committee().unwrap();
    assert_eq!(committee.threshold(), 666);
    let header = genesis.header(vec![vec![0; 64]; 256], vec![0; 64]);
    assert!(verify_global(&header, &committee, &rules).valid);
    let next = GlobalHeader {
        frame_number: 1,
        ..header
    };
    assert!(!frames::verify_certificate(&next, &committee, &rules).valid);
}
