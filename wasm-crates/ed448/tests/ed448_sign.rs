//! Vectors `ed448_sign.json` (CRY-12). The legacy address of a peer id is Poseidon's and checked by the conformance run.

mod common;

use common::{bytes, cases, verdict};
use ed448::{expanded_key, public_key, sign, sign_expanded, verify};

#[test]
fn cry_12_signatures_and_verdicts() {
    let mut signed = 0;
    for case in cases("ed448_sign") {
        let message = [bytes(&case, "domain"), bytes(&case, "message")].concat();
        let (key, signature) = (bytes(&case, "public_key"), bytes(&case, "signature"));
        assert_eq!(verify(&key, &message, &signature), verdict(&case), "{case}");
        if !case["seed"].is_string() {
            continue;
        }
        let seed = bytes(&case, "seed");
        let both = [seed.clone(), key.clone()].concat();
        for private in [&seed, &both] {
            assert_eq!(public_key(private).expect("a seed").to_vec(), key);
            assert_eq!(sign(private, &message).expect("a seed").to_vec(), signature);
            let expanded = expanded_key(private).expect("a seed");
            let by_expanded = sign_expanded(expanded.as_slice(), &message).expect("expanded");
            assert_eq!(by_expanded.to_vec(), signature);
        }
        signed += 1;
    }
    assert!(signed > 0);
}

#[test]
fn a_private_key_of_another_length_is_refused() {
    for length in [0, 1, 56, 58, 113, 115] {
        assert!(public_key(&vec![1; length]).is_err());
        assert!(sign(&vec![1; length], b"message").is_err());
        assert!(expanded_key(&vec![1; length]).is_err());
    }
}

#[test]
fn an_expanded_key_of_another_length_is_refused() {
    for length in [0, 57, 170, 172] {
        assert!(sign_expanded(&vec![1; length], b"message").is_err());
    }
}
