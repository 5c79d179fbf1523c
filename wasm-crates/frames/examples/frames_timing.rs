//! Times of the steps of one verification, on a committee of seven (frames/global_negative.json).

use std::time::{Duration, Instant};

use frames::{Committee, GlobalHeader, MemberKey, Rules};
use serde_json::Value;

fn median(name: &str, count: usize, mut step: impl FnMut()) {
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            let start = Instant::now();
            step();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{name:24} {:?} (n = {count})", times[count / 2]);
}

fn main() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../test/vectors/frames/global_negative.json"
    );
    let text = std::fs::read_to_string(path).expect("the vector file");
    let root: Value = serde_json::from_str(&text).expect("JSON");
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap_or_default()).expect("hex");
    let members: Vec<MemberKey> = root["committee"]
        .as_array()
        .expect("a committee")
        .iter()
        .map(|member| MemberKey {
            public_key: bytes(&member["public_key"]),
            weight: member["weight"].as_u64().unwrap_or_default(),
            address: None,
        })
        .collect();
    let encoded = bytes(&root["cases"][0]["header_pb"]);
    let header = GlobalHeader::from_bytes(&encoded).expect("a header");
    let rules = Rules {
        genesis_number: 0,
        genesis_identity: [0; 32],
        genesis_fields: None,
        prover_in_committee: true,
        difficulty_floor: 0,
        allow_bare_commitments: false,
    };
    let new = || Committee::new(&members, None).expect("a committee");
    let committee = new();
    assert!(frames::verify_global(&header, &committee, &rules).valid);

    median("decode protobuf", 201, || {
        std::hint::black_box(GlobalHeader::from_bytes(&encoded)).ok();
    });
    median("challenge", 201, || {
        std::hint::black_box(header.challenge());
    });
    median("identity", 201, || {
        std::hint::black_box(header.identity()).ok();
    });
    median("open committee of 7", 11, || {
        std::hint::black_box(new());
    });
    median("pinned table of 7", 5, || {
        std::hint::black_box(new().pinned_table().map(|t| t.len()));
    });
    median("certificate", 21, || {
        assert!(frames::verify_certificate(&header, &committee, &rules).valid);
    });
    median("certificate, pinned", 21, || {
        let verdict = frames::verify_pinned(&header, &committee, &rules);
        assert!(verdict.is_some_and(|verdict| verdict.valid));
    });
    let discriminant = classgroup::Discriminant::from_challenge(&header.challenge(), 2048)
        .expect("a discriminant");
    median("time proof", 21, || {
        assert!(frames::verify_time_proof(&header, &discriminant).ok);
    });
}
