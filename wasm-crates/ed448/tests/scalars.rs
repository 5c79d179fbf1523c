//! Scalars against an independent big integer (spec 10 section 5, 42 section 2).

use ed448::Scalar;
use num_bigint::BigUint;
use num_traits::{One, Zero};
use proptest::prelude::*;

fn order() -> BigUint {
    let low = "13818066809895115352007386748515426880336692474882178609894547503885";
    (BigUint::one() << 446) - low.parse::<BigUint>().expect("a number")
}

fn bytes_of(value: &BigUint) -> [u8; 56] {
    let mut bytes = value.to_bytes_le();
    bytes.resize(56, 0);
    bytes.try_into().expect("below 2^448")
}

/// Random numbers of 448 bits and numbers close to multiples of L.
fn any_number() -> impl Strategy<Value = BigUint> {
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 56).prop_map(|v| BigUint::from_bytes_le(&v)),
        1 => (0u32..4, 0u8..3).prop_map(|(k, more)| order() * k + more),
        1 => (1u32..4, 1u8..3).prop_map(|(k, less)| order() * k - less),
        1 => (0u8..3).prop_map(|less| (BigUint::one() << 448) - 1u8 - less),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn sums_and_differences_get_one_correction(m in any_number(), n in any_number()) {
        let (limit, order) = (BigUint::one() << 448, order());
        let (a, b) = (Scalar::from_bytes(&bytes_of(&m)), Scalar::from_bytes(&bytes_of(&n)));
        let total = &m + &n;
        let once = if total >= order { &total - &order } else { total.clone() };
        let expected = if once < limit { once } else { total % &order };
        prop_assert_eq!(a.add(&b).to_bytes(), bytes_of(&expected));
        let expected = if m >= n {
            &m - &n
        } else if &m + &order >= n {
            &m + &order - &n
        } else {
            (&m + &order * 8u8 - &n) % &order
        };
        prop_assert_eq!(a.subtract(&b).to_bytes(), bytes_of(&expected));
    }

    #[test]
    fn products_and_inverses_are_reduced(m in any_number(), n in any_number()) {
        let order = order();
        let (a, b) = (Scalar::from_bytes(&bytes_of(&m)), Scalar::from_bytes(&bytes_of(&n)));
        prop_assert_eq!(a.to_bytes(), bytes_of(&m));
        prop_assert_eq!(a.multiply(&b).to_bytes(), bytes_of(&(&m * &n % &order)));
        prop_assert_eq!(a.reduce().to_bytes(), bytes_of(&(&m % &order)));
        prop_assert_eq!(bool::from(a.is_reduced()), m < order);
        prop_assert_eq!(bool::from(a.is_zero()), (&m % &order).is_zero());
    }

    #[test]
    fn hashes_are_taken_modulo_the_order(low in proptest::collection::vec(any::<u8>(), 114), ones in any::<bool>()) {
        let bytes: [u8; 114] = if ones { [255; 114] } else { low.try_into().expect("114 bytes") };
        let expected = BigUint::from_bytes_le(&bytes) % order();
        prop_assert_eq!(Scalar::from_wide(&bytes).to_bytes(), bytes_of(&expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn an_inverse_inverts(m in any_number()) {
        let a = Scalar::from_bytes(&bytes_of(&m));
        match a.invert() {
            Ok(inverse) => prop_assert_eq!(a.multiply(&inverse).to_bytes(), bytes_of(&BigUint::one())),
            Err(_) => prop_assert!((m % order()).is_zero()),
        }
    }
}
