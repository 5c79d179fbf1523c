//! Reads the vector files of the area (format: description, source, cases).
#![allow(dead_code, reason = "each test file uses its own part")]

use hypergraph::{Address, AtomId};
use serde_json::Value;

/// A vector file, such as `hypergraph/atoms.json`.
pub fn file(path: &str) -> Value {
    let path = format!("{}/../../test/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Cases of a file of this area.
pub fn cases(name: &str) -> Vec<Value> {
    let root = file(&format!("hypergraph/{name}"));
    let cases = root["cases"].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{name} has no case");
    cases
}

pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_else(|| panic!("no hex: {value}"))).unwrap()
}

pub fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

pub fn address(value: &Value) -> Address {
    bytes(value).try_into().unwrap()
}

pub fn id(value: &Value) -> AtomId {
    AtomId::from_bytes(&bytes(value)).unwrap()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// `strict_valid` where it exists, else `valid`.
pub fn verdict(case: &Value) -> bool {
    case.get("strict_valid")
        .unwrap_or(&case["valid"])
        .as_bool()
        .unwrap()
}
