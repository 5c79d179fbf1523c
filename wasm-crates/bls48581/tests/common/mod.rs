//! Reading vector files.

use serde_json::Value;

/// The cases of `test/vectors/bls48581/NAME.json`.
pub fn cases(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/../../test/vectors/bls48581/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect("the vector file is there");
    let file: Value = serde_json::from_str(&text).expect("the vector file is JSON");
    let cases = file["cases"].as_array().expect("a list of cases").clone();
    assert!(!cases.is_empty(), "{name} has cases");
    cases
}

/// The bytes of a hexadecimal field.
#[allow(dead_code, reason = "not every test file has byte fields")]
pub fn bytes(case: &Value, field: &str) -> Vec<u8> {
    decode(&case[field])
}

/// The bytes of a list of hexadecimal strings.
#[allow(dead_code, reason = "not every test file has lists")]
pub fn list(case: &Value, field: &str) -> Vec<Vec<u8>> {
    case[field]
        .as_array()
        .expect("a list")
        .iter()
        .map(decode)
        .collect()
}

fn decode(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hexadecimal")
}
