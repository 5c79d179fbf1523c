//! Vectors `aggregate.json` (CRY-08) and batches.

mod common;

use bls48581::{
    BatchItem, PublicKey, Signature, aggregate_keys, aggregate_signatures, verify, verify_batch,
    verify_multi,
};
use common::{bytes, cases, list};
use serde_json::Value;

fn keys(case: &Value) -> Vec<PublicKey> {
    let decode = |bytes: &Vec<u8>| PublicKey::from_bytes(bytes).expect("a key");
    list(case, "public_keys").iter().map(decode).collect()
}

#[test]
fn cry_08_sums_and_their_verification() {
    let all = cases("aggregate");
    let mut sums = 0;
    for case in all
        .iter()
        .filter(|case| case["aggregate_public_key"].is_string())
    {
        let (key, signature) = (
            bytes(case, "aggregate_public_key"),
            bytes(case, "aggregate_signature"),
        );
        if case["public_keys"].is_array() {
            let sum = aggregate_keys(&keys(case)).expect("not the identity");
            assert_eq!(sum.to_bytes().to_vec(), key);
            let decode = |bytes: &Vec<u8>| Signature::from_bytes(bytes).expect("a signature");
            let signatures: Vec<Signature> = list(case, "signatures").iter().map(decode).collect();
            let sum = aggregate_signatures(&signatures).expect("not the identity");
            assert_eq!(sum.to_bytes().to_vec(), signature);
            sums += 1;
        }
        let verdict = verify(
            &key,
            &signature,
            &bytes(case, "message"),
            &bytes(case, "domain"),
        );
        assert_eq!(Some(verdict), case["valid"].as_bool(), "{}", case["name"]);
    }
    assert!(sums > 0);
}

#[test]
fn cry_08_several_messages_and_unequal_lengths() {
    let mut seen = 0;
    for case in cases("aggregate")
        .iter()
        .filter(|case| case["messages"].is_array())
    {
        let (keys, messages) = (list(case, "public_keys"), list(case, "messages"));
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let (signature, domain) = (bytes(case, "aggregate_signature"), bytes(case, "domain"));
        let verdict = verify_multi(&keys, &signature, &messages, &domain);
        assert_eq!(Some(verdict), case["valid"].as_bool(), "{}", case["name"]);
        assert!(!verify_multi(&keys, &signature, &messages[1..], &domain));
        assert!(!verify_multi(&keys[1..], &signature, &messages, &domain));
        assert!(!verify_multi(&[], &signature, &[], &domain));
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn a_batch_holds_when_every_statement_holds() {
    let statements: Vec<_> = cases("aggregate")
        .iter()
        .filter(|case| case["message"].is_string() && case["valid"] == Value::Bool(true))
        .map(|case| {
            let key = PublicKey::from_bytes(&bytes(case, "aggregate_public_key")).expect("a key");
            let signature = bytes(case, "aggregate_signature");
            (
                key,
                signature,
                bytes(case, "message"),
                bytes(case, "domain"),
            )
        })
        .collect();
    let mut items: Vec<BatchItem<'_>> = statements
        .iter()
        .map(|(public_key, signature, message, domain)| BatchItem {
            public_key,
            signature,
            message,
            domain,
        })
        .collect();
    assert!(items.len() > 2);
    assert!(verify_batch(&items, &[7; 32]));
    assert!(verify_batch(&items[..1], &[9; 32]));
    assert!(!verify_batch(&[], &[7; 32]));
    // Two signatures exchanged: their plain sum is unchanged, the random combination is not.
    let first = items[0].signature;
    items[0].signature = items[1].signature;
    items[1].signature = first;
    assert!(!verify_batch(&items, &[7; 32]));
    items[0].signature = &[];
    assert!(!verify_batch(&items, &[7; 32]));
}
