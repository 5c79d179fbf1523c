//! VDF-01: discriminants of `vdf/discriminant.json`, lengths 40, 256, 1024 and 2048.

mod vectors;

use classgroup::{Discriminant, Error, MAX_BITS};
use limbs::wide::set_portable;
use vectors::{bytes, cases, number};

fn every_case() {
    for case in cases("vdf/discriminant.json") {
        let bits = number(&case, "length");
        let found =
            Discriminant::from_challenge(&bytes(&case, "challenge"), bits).expect("a discriminant");
        let expected = bytes(&case, "minus_discriminant");
        assert_eq!(
            hex::encode(found.to_bytes()),
            hex::encode(&expected),
            "{}",
            case["challenge"]
        );
        assert_eq!(found.bits(), bits);
        assert_eq!(Discriminant::from_bytes(&expected), Ok(found));
    }
}

#[test]
fn vdf_01_discriminants_with_detected_and_with_portable_kernels() {
    every_case();
    set_portable(true);
    every_case();
    set_portable(false);
}

#[test]
fn magnitudes_that_cannot_be_discriminants_are_refused() {
    assert_eq!(Discriminant::from_bytes(&[]), Err(Error::Bits(0)));
    assert_eq!(Discriminant::from_bytes(&[7]), Err(Error::Bits(3)));
    assert_eq!(
        Discriminant::from_bytes(&[0xff; 256]).map(|d| d.bits()),
        Ok(MAX_BITS)
    );
    assert_eq!(
        Discriminant::from_bytes(&[0xfb; 256]),
        Err(Error::NotSevenModEight)
    );
    assert_eq!(
        Discriminant::from_bytes(&[0xff; 257]),
        Err(Error::Bits(2056))
    );
    assert!(matches!(
        Discriminant::from_bytes(&[0xff; 10_000]),
        Err(Error::Bits(_))
    ));
}
