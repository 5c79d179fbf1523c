//! Both field kernels against an independent big integer.

use ed448::field::{Element, lanes::Lanes, words::Words};
use num_bigint::BigUint;
use num_traits::{One, Zero};
use proptest::prelude::*;

fn p() -> BigUint {
    (BigUint::one() << 448) - (BigUint::one() << 224) - 1u8
}

fn number(bytes: &[u8; 56]) -> BigUint {
    BigUint::from_bytes_le(bytes) % p()
}

/// Random numbers, and numbers close to 0, p and 2^448 or with long runs of equal bits.
fn any_bytes() -> impl Strategy<Value = [u8; 56]> {
    let edge = |offset: u8, high: bool| {
        let value = if high { p() } else { BigUint::zero() };
        let mut bytes = (value + offset).to_bytes_le();
        bytes.resize(56, 0);
        <[u8; 56]>::try_from(bytes).expect("56 bytes")
    };
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 56).prop_map(|v| v.try_into().expect("56 bytes")),
        1 => proptest::collection::vec(prop_oneof![Just(0u8), Just(255u8)], 56).prop_map(|v| v.try_into().expect("56 bytes")),
        1 => (any::<u8>(), any::<bool>()).prop_map(move |(offset, high)| edge(offset, high)),
        1 => Just([255u8; 56]),
    ]
}

macro_rules! kernel_agrees {
    ($name:ident, $kernel:ty) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2000))]
            #[test]
            fn $name(a in any_bytes(), b in any_bytes(), small in 0u32..1 << 18) {
                let (x, y) = (<$kernel>::from_bytes(&a), <$kernel>::from_bytes(&b));
                let (m, n) = (number(&a), number(&b));
                let check = |result: $kernel, expected: BigUint| {
                    let bytes = result.to_bytes();
                    assert_eq!(BigUint::from_bytes_le(&bytes), expected % p());
                };
                check(x, m.clone());
                check(x.add(&y), &m + &n);
                check(x.sub(&y), &m + p() - &n);
                check(x.mul(&y), &m * &n);
                check(x.square(), &m * &m);
                check(x.mul_small(small), &m * small);
                // Loose operands.
                let (loose, other) = (x.add(&y), y.add(&y));
                check(loose.mul(&other), (&m + &n) * (&n + &n));
                check(loose.square(), (&m + &n) * (&m + &n));
                check(loose.sub(&other), &m + p() - &n);
                check(loose.mul_small(small), (&m + &n) * small);
                // A chain, so that tight results are used again and again.
                let mut chain = x;
                let mut expected = m.clone();
                for _ in 0..20 {
                    chain = chain.add(&y).square().sub(&x).mul(&chain.add(&chain));
                    expected = ((&expected + &n).pow(2) + p() - &m) * (&expected * 2u8) % p();
                }
                check(chain, expected);
            }
        }
    };
}

kernel_agrees!(words_agree_with_a_big_integer, Words);
kernel_agrees!(lanes_agree_with_a_big_integer, Lanes);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn inverses_and_roots(a in any_bytes(), b in any_bytes()) {
        let (x, y) = (Element::from_bytes(&a), Element::from_bytes(&b));
        let product = x.mul(&x.invert());
        prop_assert!(bool::from(product.equals(&Element::ONE)) || bool::from(x.is_zero()));
        let (is_square, root) = Element::sqrt_ratio(&x, &y);
        let expected = (number(&a) * number(&b)).modpow(&((p() - 1u8) / 2u8), &p());
        if bool::from(x.is_zero()) {
            prop_assert!(bool::from(is_square));
        } else {
            prop_assert_eq!(bool::from(is_square), expected.is_one());
        }
        if bool::from(is_square) {
            prop_assert!(bool::from(root.square().mul(&y).equals(&x)));
            prop_assert!(!bool::from(root.is_odd()));
        }
        let canonical = Element::from_canonical(&a).into_option().is_some();
        prop_assert_eq!(canonical, BigUint::from_bytes_le(&a) < p());
    }
}
