//! Reading the vector files shared by the whole project.

use serde_json::Value;
use std::path::Path;

/// The cases of `test/vectors/<file>`.
pub fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../test/vectors")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let parsed: Value = serde_json::from_str(&text).expect("JSON");
    let cases = parsed["cases"].as_array().expect("cases").clone();
    assert!(!cases.is_empty(), "{file} has cases");
    cases
}

/// A byte string field.
pub fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex_bytes(&case[field])
}

/// A list of byte strings.
#[allow(dead_code, reason = "not every test file has lists")]
pub fn list(case: &Value, field: &str) -> Vec<Vec<u8>> {
    case[field]
        .as_array()
        .expect("a list")
        .iter()
        .map(hex_bytes)
        .collect()
}

/// An unsigned 32-bit field.
#[allow(dead_code, reason = "not every test file has numbers")]
pub fn number(case: &Value, field: &str) -> u32 {
    case[field]
        .as_u64()
        .and_then(|n| n.try_into().ok())
        .expect("a number")
}

fn hex_bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hexadecimal")
}
