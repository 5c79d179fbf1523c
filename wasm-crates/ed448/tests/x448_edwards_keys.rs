//! Vectors `x448_edwards_keys.json` (CRY-15).

mod common;

use common::{bytes, cases};
use ed448::{Error, agreement, point::Point};

#[test]
fn cry_15_public_keys_and_agreement() {
    let all = cases("x448_edwards_keys");
    for case in &all {
        let public = agreement::public_key(&bytes(case, "secret")).expect("a secret");
        assert_eq!(public.to_vec(), bytes(case, "public_key"));
    }
    for (a, b) in all.iter().zip(all.iter().skip(1)) {
        let one = agreement::agree(&bytes(a, "secret"), &bytes(b, "public_key"));
        let other = agreement::agree(&bytes(b, "secret"), &bytes(a, "public_key"));
        assert_eq!(one.expect("agrees"), other.expect("agrees"));
    }
}

#[test]
fn nothing_that_everybody_knows_is_a_shared_secret() {
    let key = Point::base().encode();
    assert_eq!(agreement::public_key(&[0; 56]), Err(Error::Zero));
    assert_eq!(agreement::agree(&[0; 56], &key), Err(Error::Identity));
    // Orders 1, 2 and 4: y = 1, -1, 0.
    let mut one = [0u8; 57];
    one[0] = 1;
    let mut minus_one = [0xffu8; 57];
    minus_one[0] = 0xfe;
    minus_one[28] = 0xfe;
    minus_one[56] = 0;
    for small in [one, minus_one, [0; 57]] {
        assert!(Point::decode(&small).is_ok());
        assert_eq!(agreement::agree(&[3; 56], &small), Err(Error::Identity));
    }
    assert!(agreement::agree(&[3; 55], &key).is_err());
    assert!(agreement::agree(&[3; 56], &key[..56]).is_err());
}
