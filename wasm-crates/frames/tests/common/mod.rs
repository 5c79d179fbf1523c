//! Reads vector files (format: description, source, cases) and builds committees and rules.
#![allow(dead_code, reason = "each test file uses its own part")]

use frames::{AggregateSignature, Check, Committee, MemberKey, Rules, Verdict};
use serde_json::Value;

pub fn file(path: &str) -> Value {
    let path = format!("{}/../../test/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn cases(root: &Value, count: usize) -> &[Value] {
    let cases = root["cases"].as_array().unwrap();
    assert_eq!(cases.len(), count);
    cases
}

pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_else(|| panic!("no hex: {value}"))).unwrap()
}

pub fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

/// A number, or a decimal string.
pub fn number<T: std::str::FromStr>(value: &Value) -> T
where
    T::Err: std::fmt::Debug,
{
    match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.to_string().parse().unwrap(),
    }
}

pub fn name(case: &Value) -> &str {
    case["name"].as_str().unwrap()
}

pub fn refs(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

pub fn committee(root: &Value) -> Committee {
    let members: Vec<MemberKey> = root["committee"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| MemberKey {
            public_key: bytes(&member["public_key"]),
            weight: number(&member["weight"]),
            address: Some(bytes(&member["address"]).try_into().unwrap()),
        })
        .collect();
    let threshold = root["quorum_threshold"].as_u64();
    let committee = Committee::new(&members, threshold).unwrap();
    assert!(
        threshold.is_none()
            || Committee::new(&members, None).unwrap().threshold() == threshold.unwrap(),
        "the listed threshold is floor(2W/3)"
    );
    for (member, listed) in committee.members().iter().zip(&members) {
        assert_eq!(
            Some(member.address),
            listed.address,
            "listed in index order"
        );
    }
    committee
}

/// Rules of the test chain: genesis at 244200 with the checkpoint's identity.
pub fn rules() -> Rules {
    let chain = file("frames/global_chain.json");
    Rules {
        genesis_number: 244_200,
        genesis_identity: bytes(&chain["cases"][0]["identity"]).try_into().unwrap(),
        genesis_fields: None,
        prover_in_committee: false,
        difficulty_floor: 0,
        allow_bare_commitments: false,
    }
}

/// Compares a check with its value in the vectors; `null` = not made.
pub fn expect(verdict: &Verdict, check: &str, expected: &Value, case: &str) {
    let got = verdict.check(check);
    assert_eq!(
        got.map(|c| c.ok),
        expected.as_bool(),
        "{case}: {check}: {got:?}"
    );
    assert!(expected.is_boolean() || expected.is_null());
    if let Some(Check { ok, reason, .. }) = got {
        assert_eq!(*ok, reason.is_none(), "{case}: {check}");
    }
}

pub fn expect_signature(signature: Option<&AggregateSignature>, listed: &Value) {
    let signature = signature.unwrap();
    assert_eq!(signature.signature, bytes(&listed["signature"]));
    assert_eq!(signature.key_bytes(), bytes(&listed["public_key"]));
    assert_eq!(signature.bitmask, bytes(&listed["bitmask"]));
}
