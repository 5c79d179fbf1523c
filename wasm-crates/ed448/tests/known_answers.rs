//! RFC 8032 Ed448 with empty context (CRY-13): seeds and messages of section 7.4 and others, answers of OpenSSL (by Node's
//! crypto) that @noble/curves gives too. `tests/data/known_answers.json` says how the table was made.

mod common;

use common::{bytes, read};
use ed448::{public_key, sign, verify};

#[test]
fn cry_13_known_answers_with_empty_context() {
    for case in read("tests/data/known_answers.json") {
        let (seed, message) = (bytes(&case, "seed"), bytes(&case, "message"));
        let key = public_key(&seed).expect("a seed");
        assert_eq!(key.to_vec(), bytes(&case, "public_key"), "{}", case["name"]);
        let signature = sign(&seed, &message).expect("a seed");
        assert_eq!(signature.to_vec(), bytes(&case, "signature"));
        assert!(verify(&key, &message, &signature));
        assert!(!verify(&key, &[&message[..], &[0]].concat(), &signature));
    }
}
