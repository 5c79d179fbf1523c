//! test/vectors/poseidon: CRY-10, and CRY-11 by the generated constants giving those hashes.

use serde_json::Value;

fn cases(file: &str) -> Vec<Value> {
    let path = format!(
        "{}/../../test/vectors/poseidon/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let root: Value = serde_json::from_str(&text).unwrap();
    root["cases"].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn cry_10_hash_elements() {
    let cases = cases("hash_elements.json");
    assert_eq!(cases.len(), 19);
    let mut widths = std::collections::BTreeSet::new();
    for case in cases {
        let inputs: Vec<[u8; 32]> = case["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|x| bytes(x).try_into().unwrap())
            .collect();
        let got = poseidon::hash_elements(&inputs);
        if case["valid"].as_bool().unwrap() {
            widths.insert(inputs.len());
            assert_eq!(got.unwrap().to_vec(), bytes(&case["hash"]), "{case}");
        } else {
            assert_eq!(got, Err(poseidon::Error::ElementCount(inputs.len())));
        }
    }
    assert_eq!(widths.len(), 16, "every width t = 2..=17 has a vector");
}

#[test]
fn cry_10_hash_bytes() {
    let cases = cases("hash_bytes.json");
    assert_eq!(cases.len(), 42);
    for case in cases {
        let message = bytes(&case["message"]);
        assert_eq!(message.len() as u64, case["length"].as_u64().unwrap());
        let got = poseidon::hash_bytes(&message);
        if case["valid"].as_bool().unwrap() {
            assert_eq!(got.unwrap().to_vec(), bytes(&case["hash"]), "{case}");
        } else {
            assert_eq!(got, Err(poseidon::Error::Empty));
        }
    }
}

#[test]
fn cry_10_elements_not_below_the_order_are_refused() {
    let q =
        hex::decode("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001").unwrap();
    let q: [u8; 32] = q.try_into().unwrap();
    let mut below = q;
    below[31] = 0;
    assert!(poseidon::hash_elements(&[below]).is_ok());
    for input in [q, [0xff; 32]] {
        assert_eq!(
            poseidon::hash_elements(&[below, input]),
            Err(poseidon::Error::NotReduced(1))
        );
    }
}

#[test]
fn ch_4_zero_bytes_in_the_padding_collide() {
    assert_eq!(
        poseidon::hash_bytes(&[1]).unwrap(),
        poseidon::hash_bytes(&[1, 0]).unwrap()
    );
}
