//! Vectors `keygen.json` (CRY-03). The address needs Poseidon and is checked where that is at hand.

mod common;

use bls48581::{SecretKey, SecretKeyError, verify_possession};
use common::{bytes, cases};

#[test]
fn cry_03_key_generation_and_proof_of_possession() {
    for case in cases("keygen") {
        let key = SecretKey::generate(&bytes(&case, "ikm")).expect("not zero");
        assert_eq!(key.to_bytes().to_vec(), bytes(&case, "secret_key"));
        assert_eq!(
            key.public_key().to_bytes().to_vec(),
            bytes(&case, "public_key")
        );
        assert_eq!(
            key.prove_possession().to_vec(),
            bytes(&case, "pop_signature")
        );
        assert_eq!(bytes(&case, "pop_domain"), bls48581::POSSESSION_DOMAIN);
        assert!(verify_possession(
            &bytes(&case, "public_key"),
            &bytes(&case, "pop_signature")
        ));
    }
}

#[test]
fn a_secret_key_of_zero_or_of_another_length_is_refused() {
    assert_eq!(
        SecretKey::from_bytes(&[0; 73]).err(),
        Some(SecretKeyError::Zero)
    );
    let order = bls48581::params::params().r;
    assert_eq!(
        SecretKey::from_bytes(&order).err(),
        Some(SecretKeyError::Zero)
    );
    for got in [0, 72, 74] {
        let refused = SecretKey::from_bytes(&vec![1; got]).err();
        assert_eq!(refused, Some(SecretKeyError::Length { expected: 73, got }));
    }
}
