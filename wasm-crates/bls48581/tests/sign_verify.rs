//! Vectors `sign_verify.json` (CRY-04, CRY-05, CRY-06).

mod common;

use bls48581::{PublicKey, SecretKey, verify, verify_decoded};
use common::{bytes, cases};

#[test]
fn cry_04_signatures_are_reproduced() {
    let mut seen = 0;
    for case in cases("sign_verify")
        .iter()
        .filter(|case| case["secret_key"].is_string())
    {
        let key = SecretKey::from_bytes(&bytes(case, "secret_key")).expect("not zero");
        let signature = key.sign(&bytes(case, "message"), &bytes(case, "domain"));
        assert_eq!(signature.to_vec(), bytes(case, "signature"));
        assert_eq!(
            key.public_key().to_bytes().to_vec(),
            bytes(case, "public_key")
        );
        seen += 1;
    }
    assert!(seen > 0);
}

/// On the portable kernels and on those of this machine.
#[test]
fn cry_05_verdicts_are_the_strict_ones() {
    for portable in [true, false] {
        limbs::wide::set_portable(portable);
        for case in cases("sign_verify") {
            let (key, signature) = (bytes(&case, "public_key"), bytes(&case, "signature"));
            let (message, domain) = (bytes(&case, "message"), bytes(&case, "domain"));
            let expected = case["strict_valid"].as_bool().expect("a verdict");
            assert_eq!(
                verify(&key, &signature, &message, &domain),
                expected,
                "{}",
                case["name"]
            );
            if let Ok(key) = PublicKey::from_bytes(&key) {
                for _ in 0..2 {
                    let verdict = verify_decoded(&key, &signature, &message, &domain);
                    assert_eq!(verdict, expected, "{}", case["name"]);
                }
            }
        }
    }
}
