//! Vectors `infinity_output.json` (CRY-09): what the reference writes for the identity. We return an
//! error instead, and refuse these bytes.

mod common;

use bls48581::{
    AggregateError, PublicKey, SecretKey, Signature, aggregate_keys, aggregate_signatures, g1, g2,
};
use common::{bytes, cases};

#[test]
fn cry_09_the_forms_of_the_identity_are_refused() {
    for case in cases("infinity_output") {
        let output = bytes(&case, "output");
        assert!(Signature::from_bytes(&output).is_err(), "{}", case["name"]);
        assert!(PublicKey::from_bytes(&output).is_err(), "{}", case["name"]);
    }
}

#[test]
fn cry_09_the_identity_is_never_emitted() {
    assert_eq!(aggregate_keys(&[]).err(), Some(AggregateError::Empty));
    assert_eq!(aggregate_signatures(&[]).err(), Some(AggregateError::Empty));
    let key = SecretKey::from_bytes(&[5; 73]).expect("not zero");
    let signature = key.sign(b"message", b"domain");
    let negated = g1::encode(&g1::decode(&signature).expect("a point").negate());
    let pair = [signature, negated].map(|b| Signature::from_bytes(&b).expect("a signature"));
    assert_eq!(
        aggregate_signatures(&pair).err(),
        Some(AggregateError::Identity)
    );
    let point = g2::decode(&key.public_key().to_bytes()).expect("a point");
    let negated = PublicKey::from_bytes(&g2::encode(&point.negate())).expect("a key");
    assert_eq!(
        aggregate_keys(&[key.public_key(), negated]).err(),
        Some(AggregateError::Identity)
    );
}
