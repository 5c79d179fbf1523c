//! Reading the vector files.
#![allow(dead_code, reason = "not every test reads everything")]

use std::path::PathBuf;

use serde_json::Value;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../test/vectors/kzg")
        .join(name)
}

/// The bytes of a file.
pub fn binary(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("a vector file")
}

/// A vector file.
pub fn document(name: &str) -> Value {
    serde_json::from_slice(&binary(name)).expect("JSON")
}

/// Its cases, at least one.
pub fn cases(document: &Value) -> &[Value] {
    let cases = document["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    cases
}

/// A text.
pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A flag.
pub fn flag(value: &Value) -> bool {
    value.as_bool().expect("a flag")
}

/// A number.
pub fn index(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

/// Bytes in hex.
pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).expect("hex")
}

/// A list of bytes in hex.
pub fn list(value: &Value) -> Vec<Vec<u8>> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(bytes)
        .collect()
}

/// A field that may be missing.
pub fn optional<'a>(case: &'a Value, name: &str) -> Option<&'a Value> {
    case.get(name)
}
