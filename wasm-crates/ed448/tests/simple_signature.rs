//! Making simple signatures (spec 10 section 5).

use ed448::decaf::{Point, Scalar, sign, verify};
use ed448::{Error, decaf};

#[test]
fn a_signature_holds_for_its_message_and_key_only() {
    let secret = Scalar::from_bytes(&[0xfe; 56]);
    let public = Point::multiply_generator(&secret).encode();
    let other = Point::multiply_generator(&Scalar::from_u32(7)).encode();
    let signature = sign(&secret, b"message", &[]).expect("signs");
    assert!(verify(&public, b"message", &signature));
    assert!(!verify(&public, b"Message", &signature));
    assert!(!verify(&other, b"message", &signature));
    assert_eq!(sign(&secret, b"message", &[]), Ok(signature));
    let hedged = sign(&secret, b"message", &[9; 32]).expect("signs");
    assert!(verify(&public, b"message", &hedged));
    assert_ne!(hedged[..56], signature[..56]);
    for position in [0, 55, 56, 100] {
        let mut broken = signature;
        broken[position] ^= 2;
        assert!(!verify(&public, b"message", &broken), "{position}");
    }
}

#[test]
fn empty_messages_and_useless_keys_are_refused() {
    let secret = Scalar::from_u32(5);
    assert_eq!(sign(&secret, b"", &[1; 32]), Err(Error::EmptyMessage));
    assert_eq!(sign(&Scalar::from_u32(0), b"m", &[]), Err(Error::Zero));
    // s = 0 and R = 0 solve the equation for the neutral key.
    assert!(!verify(&[0; 56], b"m", &[0; decaf::SIGNATURE_BYTES]));
    assert_eq!(
        decaf::agree(&secret, &Point::IDENTITY),
        Err(Error::Identity)
    );
    let public = Point::multiply_generator(&secret).encode();
    let signature = sign(&secret, b"m", &[]).expect("signs");
    assert!(!verify(&public, b"", &signature));
    assert!(!verify(&public, b"m", &signature[..111]));
    assert!(!verify(&public[..55], b"m", &signature));
}
