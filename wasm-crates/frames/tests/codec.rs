//! FRM-06, and the two headers of canonical/global_frames.json (spec 40 section 3).

mod common;

use common::{bytes, cases, file, list, name, number};
use frames::{AggregateSignature, AppHeader, DecodeError, GlobalHeader};
use serde_json::Value;
use sha3::{Digest, Sha3_256};

#[test]
fn frm_06_protobuf_round_trip_is_byte_exact() {
    let mut seen = 0;
    for (path, count) in [
        ("frames/global_chain.json", 21),
        ("frames/global_negative.json", 29),
        ("frames/global_fields.json", 3),
    ] {
        for case in cases(&file(path), count) {
            let encoded = bytes(&case["header_pb"]);
            let header = GlobalHeader::from_bytes(&encoded).unwrap();
            assert_eq!(header.to_protobuf(), encoded, "{}", name(case));
            seen += 1;
        }
    }
    for (path, count) in [
        ("frames/app_chain.json", 20),
        ("frames/app_negative.json", 47),
    ] {
        for case in cases(&file(path), count) {
            let encoded = bytes(&case["header_pb"]);
            let header = AppHeader::from_bytes(&encoded).unwrap();
            assert_eq!(header.to_protobuf(), encoded, "{}", name(case));
            seen += 1;
        }
    }
    assert_eq!(seen, 120);
}

#[test]
fn frm_06_empty_sub_messages_of_the_checkpoint_are_kept() {
    let root = file("frames/global_chain.json");
    let encoded = bytes(&root["cases"][0]["header_pb"]);
    assert!(encoded.ends_with(&[0x5a, 0x02, 0x12, 0x00]));
    let header = GlobalHeader::from_bytes(&encoded).unwrap();
    let signature = header.signature.unwrap();
    assert_eq!(signature.public_key, Some(Vec::new()));
    let absent = AggregateSignature {
        public_key: None,
        ..signature
    };
    assert_eq!(absent.to_protobuf(), Vec::<u8>::new());
}

#[test]
fn frm_06_other_encodings_of_the_same_message_are_refused() {
    use DecodeError::*;
    let refused = |hex: &str| GlobalHeader::from_bytes(&hex::decode(hex).unwrap()).unwrap_err();
    assert_eq!(refused("0800"), DefaultWritten("frame_number"));
    assert_eq!(refused("2a00"), DefaultWritten("output"));
    assert_eq!(refused("088100"), Varint);
    assert_eq!(refused("08ffffffffffffffffff02"), Varint);
    assert_eq!(refused("10010801"), FieldOrder(1, "GlobalFrameHeader"));
    assert_eq!(refused("08010802"), FieldOrder(1, "GlobalFrameHeader"));
    assert_eq!(refused("6001"), UnknownField(12, "GlobalFrameHeader"));
    assert_eq!(refused("0a0101"), WireType(1, "GlobalFrameHeader"));
    assert_eq!(refused("0d00000000"), WireType(1, "GlobalFrameHeader"));
    assert_eq!(refused("2a0501"), Truncated("GlobalFrameHeader"));
    assert_eq!(refused("08"), Truncated("GlobalFrameHeader"));
    assert_eq!(refused("5a021a00"), DefaultWritten("bitmask"));
    assert_eq!(refused("5a0412020a00"), DefaultWritten("key_value"));
    let wide = Range {
        what: "difficulty",
        value: 1 << 32,
    };
    assert_eq!(refused("208080808010"), wide);
    let repeated = GlobalHeader::from_bytes(&hex::decode("3a003a00").unwrap()).unwrap();
    assert_eq!(repeated.global_commitments, vec![Vec::<u8>::new(); 2]);
}

#[test]
fn sizes_are_bounded_before_anything_is_allocated() {
    let long = vec![0x3a; frames::MAX_GLOBAL_HEADER + 1];
    let error = GlobalHeader::from_bytes(&long).unwrap_err();
    assert!(matches!(error, DecodeError::TooLong { .. }));
    let many = [0x3a, 0x00].repeat(513);
    let error = GlobalHeader::from_bytes(&many).unwrap_err();
    assert!(matches!(error, DecodeError::TooLong { length: 513, .. }));
    let mut announced = vec![0x2a];
    announced.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    let error = GlobalHeader::from_bytes(&announced).unwrap_err();
    assert_eq!(error, DecodeError::Truncated("GlobalFrameHeader"));
    assert!(AppHeader::from_bytes(&vec![0; frames::MAX_APP_HEADER + 1]).is_err());
}

fn signature(value: &Value) -> Option<AggregateSignature> {
    value.is_object().then(|| AggregateSignature {
        signature: bytes(&value["signature"]),
        public_key: Some(bytes(&value["public_key"]["key_value"])),
        bitmask: bytes(&value["bitmask"]),
    })
}

fn global(fields: &Value) -> GlobalHeader {
    GlobalHeader {
        frame_number: number(&fields["frame_number"]),
        rank: number(&fields["rank"]),
        timestamp: number(&fields["timestamp"]),
        difficulty: number(&fields["difficulty"]),
        output: bytes(&fields["output"]),
        parent_selector: bytes(&fields["parent_selector"]),
        global_commitments: list(&fields["global_commitments"]),
        prover_tree_commitment: bytes(&fields["prover_tree_commitment"]),
        requests_root: bytes(&fields["requests_root"]),
        prover: bytes(&fields["prover"]),
        signature: signature(&fields["public_key_signature_bls48581"]),
    }
}

fn app(fields: &Value) -> AppHeader {
    AppHeader {
        address: bytes(&fields["address"]),
        frame_number: number(&fields["frame_number"]),
        rank: number(&fields["rank"]),
        timestamp: number(&fields["timestamp"]),
        difficulty: number(&fields["difficulty"]),
        output: bytes(&fields["output"]),
        parent_selector: bytes(&fields["parent_selector"]),
        requests_root: bytes(&fields["requests_root"]),
        state_roots: list(&fields["state_roots"]),
        prover: bytes(&fields["prover"]),
        fee_multiplier_vote: number(&fields["fee_multiplier_vote"]),
        signature: signature(&fields["public_key_signature_bls48581"]),
    }
}

/// Fields of a header in one shape for both types, so that each case runs through the same rules.
struct Codec {
    decode: fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
    encode: fn(&Value) -> Vec<u8>,
}

fn codec(kind: &str) -> Option<Codec> {
    match kind {
        "GlobalFrameHeader" => Some(Codec {
            decode: |b| GlobalHeader::from_canonical(b).map(|h| h.to_canonical().unwrap()),
            encode: |f| global(f).to_canonical().unwrap(),
        }),
        "FrameHeader" => Some(Codec {
            decode: |b| AppHeader::from_canonical(b).map(|h| h.to_canonical().unwrap()),
            encode: |f| app(f).to_canonical().unwrap(),
        }),
        _ => None,
    }
}

#[test]
fn canonical_vectors_of_both_headers() {
    let root = file("canonical/global_frames.json");
    let all = cases(&root, 80);
    let (mut positive, mut negative, mut lenience) = (0, 0, 0);
    for case in all {
        let Some(codec) = codec(case["type"].as_str().unwrap()) else {
            continue;
        };
        let base = match case["of"].as_str() {
            Some(of) => all.iter().find(|c| name(c) == of).unwrap(),
            None => case,
        };
        let mut encoded = bytes(&base["canonical"]);
        if case["fields"].is_object() {
            assert_eq!((codec.encode)(&case["fields"]), encoded, "{}", name(case));
            assert_eq!((codec.decode)(&encoded).unwrap(), encoded);
            assert_eq!(encoded.len() as u64, case["length"].as_u64().unwrap());
            assert_eq!(encoded[..4], bytes(&case["type_prefix"]));
            assert_eq!(
                Sha3_256::digest(&encoded).to_vec(),
                bytes(&case["sha3_256"])
            );
            positive += 1;
        } else if case["informative"].as_bool() == Some(true) {
            for length in 0..encoded.len() {
                assert!(
                    (codec.decode)(&encoded[..length]).is_err(),
                    "cut to {length}"
                );
            }
            let exact = encoded.clone();
            encoded.extend([0xde, 0xad]);
            assert_eq!(
                (codec.decode)(&encoded).unwrap(),
                exact,
                "trailing bytes are ignored"
            );
            lenience += 1;
        } else {
            if let Some(length) = case["truncate"].as_u64() {
                encoded.truncate(length as usize);
            }
            if case["xor"].is_object() {
                let offset = case["xor"]["offset"].as_u64().unwrap() as usize;
                encoded[offset] ^= bytes(&case["xor"]["mask"])[0];
            }
            assert!(!case["valid"].as_bool().unwrap());
            assert!((codec.decode)(&encoded).is_err(), "{}", name(case));
            negative += 1;
        }
    }
    assert_eq!((positive, negative, lenience), (4, 8, 4));
}

#[test]
fn the_chain_survives_canonical_form() {
    for case in &cases(&file("frames/global_chain.json"), 21)[1..] {
        let header = GlobalHeader::from_bytes(&bytes(&case["header_pb"])).unwrap();
        let canonical = header.to_canonical().unwrap();
        assert_eq!(canonical[..4], [0, 0, 3, 9]);
        assert_eq!(GlobalHeader::from_bytes(&canonical).unwrap(), header);
    }
    for case in cases(&file("frames/app_chain.json"), 20) {
        let header = AppHeader::from_bytes(&bytes(&case["header_pb"])).unwrap();
        let canonical = header.to_canonical().unwrap();
        assert_eq!(canonical[..4], [0, 0, 3, 10]);
        assert_eq!(AppHeader::from_bytes(&canonical).unwrap(), header);
        assert!(GlobalHeader::from_bytes(&canonical).is_err());
    }
}

#[test]
fn lengths_of_an_aggregate_signature_follow_spec_40_section_3_1() {
    let aggregate = |length| AggregateSignature {
        signature: vec![1; length],
        public_key: None,
        bitmask: vec![1],
    };
    for length in [74, 78, 74 + 516, 78 + 516, 74 + 516 * 64, 78 + 516 * 64] {
        let encoded = aggregate(length).to_canonical().unwrap();
        assert_eq!(
            AggregateSignature::from_canonical(&encoded),
            Ok(aggregate(length))
        );
    }
    for length in [0, 1, 73, 75, 77, 79, 590 - 1, 74 + 516 * 65, 78 + 516 * 65] {
        assert!(aggregate(length).to_canonical().is_err(), "{length}");
        let mut encoded = vec![0, 0, 1, 0x1c];
        encoded.extend((length as u32).to_be_bytes());
        encoded.extend(vec![1; length]);
        encoded.extend([0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert!(
            AggregateSignature::from_canonical(&encoded).is_err(),
            "{length}"
        );
    }
}

#[test]
fn a_wholly_empty_aggregate_is_written_as_absent() {
    let root = file("frames/global_chain.json");
    let checkpoint = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    let again = GlobalHeader::from_bytes(&checkpoint.to_canonical().unwrap()).unwrap();
    assert_eq!(again.signature, None);
}
