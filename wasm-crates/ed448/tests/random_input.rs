//! Bytes of any length and content give an answer, never a panic (CH-7, CRY-17).

use ed448::decaf::{self, Point};
use ed448::{Scalar, agreement, point, public_key, sign, verify};
use proptest::prelude::*;

/// Mostly lengths that matter.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![
        Just(56usize),
        Just(57usize),
        Just(112usize),
        Just(114usize),
        0usize..1200
    ];
    length.prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn cry_17_random_bytes_are_answered(a in input(), b in input(), c in input()) {
        prop_assert!(!verify(&a, &b, &c));
        prop_assert!(!decaf::verify(&a, &b, &c));
        if let Ok(decoded) = point::Point::decode(&a) {
            prop_assert_eq!(decoded.encode().to_vec(), a.clone());
        }
        if let Ok(decoded) = Point::decode(&a) {
            prop_assert_eq!(decoded.encode().to_vec(), a.clone());
        }
        prop_assert_eq!(Scalar::decode(&a).is_ok(), a.len() == 56);
        prop_assert_eq!(public_key(&a).is_ok(), a.len() == 57 || a.len() == 114);
        let _ = sign(&a, &b);
        let _ = agreement::public_key(&a);
        let _ = agreement::agree(&a, &b);
    }

    /// A bit flipped anywhere in a good signature or key is noticed.
    #[test]
    fn one_bit_decides(bit in 0usize..8 * 114, key_bit in 0usize..8 * 57) {
        let (seed, message) = ([5u8; 57], b"message");
        let key = public_key(&seed).expect("a seed");
        let signature = sign(&seed, message).expect("a seed");
        prop_assert!(verify(&key, message, &signature));
        let mut broken = signature;
        broken[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify(&key, message, &broken));
        let mut other = key;
        other[key_bit / 8] ^= 1 << (key_bit % 8);
        prop_assert!(!verify(&other, message, &signature));
    }
}
