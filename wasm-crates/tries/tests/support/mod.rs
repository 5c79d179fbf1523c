//! Reading vector files.
#![allow(dead_code)]

use serde_json::Value;
use tries::{Leaf, Size};

/// The cases of `tries/<name>.json`; never none.
pub fn cases(name: &str) -> Vec<Value> {
    let root = env!("CARGO_MANIFEST_DIR");
    let file = format!("{root}/../../test/vectors/tries/{name}.json");
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let cases = document["cases"].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

pub fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap()
}

pub fn hex_of(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// The leaf of an insert operation.
pub fn leaf(operation: &Value) -> Leaf {
    Leaf {
        key: bytes(operation, "key"),
        value: bytes(operation, "value"),
        hash_target: match operation.get("hash_target") {
            Some(_) => bytes(operation, "hash_target"),
            None => Vec::new(),
        },
        size: Size::from(operation["size"].as_u64().unwrap()),
    }
}
