//! Reading vector files.

use serde_json::Value;

/// The cases of `test/vectors/ed448/NAME.json`.
#[allow(dead_code, reason = "not every test file reads vectors of this folder")]
pub fn cases(name: &str) -> Vec<Value> {
    read(&format!("../../test/vectors/ed448/{name}.json"))
}

/// The cases of a file, by its path from the crate.
pub fn read(path: &str) -> Vec<Value> {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the vector file is there");
    let file: Value = serde_json::from_str(&text).expect("the vector file is JSON");
    let cases = file["cases"].as_array().expect("a list of cases").clone();
    assert!(!cases.is_empty(), "{path} has cases");
    cases
}

/// The bytes of a hexadecimal field.
pub fn bytes(case: &Value, field: &str) -> Vec<u8> {
    let text = case[field].as_str();
    hex::decode(text.expect("a string")).expect("hexadecimal")
}

/// The required verdict: `strict_valid` where it is given, else `valid`.
#[allow(dead_code, reason = "not every file has verdicts")]
pub fn verdict(case: &Value) -> bool {
    let value = if case["strict_valid"].is_boolean() {
        &case["strict_valid"]
    } else {
        &case["valid"]
    };
    value.as_bool().expect("a verdict")
}
