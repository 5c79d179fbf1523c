//! Vectors `ed448_edge.json` (CRY-18): small and mixed order, encodings that are not canonical, wrong lengths (CH-8).

mod common;

use common::{bytes, cases, verdict};
use ed448::verify;

#[test]
fn cry_18_the_rule_of_verification() {
    for case in cases("ed448_edge") {
        let (key, message) = (bytes(&case, "public_key"), bytes(&case, "message"));
        let result = verify(&key, &message, &bytes(&case, "signature"));
        assert_eq!(result, verdict(&case), "{}", case["name"]);
    }
}
