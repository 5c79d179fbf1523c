//! Integers against num-bigint.

use super::*;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use proptest::prelude::*;

fn big(v: &Int) -> BigInt {
    let mut bytes = [0u8; CAPACITY_BITS as usize / 8];
    v.write_be_bytes(&mut bytes);
    BigInt::from_bytes_be(
        if v.is_negative() {
            Sign::Minus
        } else {
            Sign::Plus
        },
        &bytes,
    )
}

fn int(v: &BigInt) -> Int {
    Int::from_be_bytes(&v.to_bytes_be().1)
        .expect("within capacity")
        .negated_if(v.is_negative())
}

/// Signed integers of up to `bits` bits, with runs of zeros and ones.
fn any_int(bits: u32) -> impl Strategy<Value = BigInt> {
    let limbs = prop::collection::vec(
        prop_oneof![3 => any::<u32>(), 1 => Just(0u32), 1 => Just(u32::MAX), 1 => Just(1u32 << 31)],
        0..=(bits / 32) as usize,
    );
    (limbs, 0u32..32, any::<bool>()).prop_map(|(limbs, drop, negative)| {
        let magnitude = BigInt::from_slice(Sign::Plus, &limbs) >> drop;
        if negative { -magnitude } else { magnitude }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sums_products_and_shifts(x in any_int(1100), y in any_int(1100), shift in 0u32..1100) {
        let (a, b) = (int(&x), int(&y));
        prop_assert_eq!(big(&a), x.clone());
        prop_assert_eq!(big(&a.add(&b)), &x + &y);
        prop_assert_eq!(big(&a.sub(&b)), &x - &y);
        prop_assert_eq!(big(&a.mul(&b)), &x * &y);
        prop_assert_eq!(big(&a.square()), &x * &x);
        prop_assert_eq!(big(&a.shifted_left(shift)), &x << shift);
        prop_assert_eq!(big(&a.shifted_right(shift).abs()), x.abs() >> shift);
        prop_assert_eq!(big(&a.sqrt()), x.abs().sqrt());
        prop_assert_eq!(a.bit_length() as u64, x.bits());
        prop_assert_eq!(a.cmp_abs(&b), x.abs().cmp(&y.abs()));
    }

    #[test]
    fn division(x in any_int(2200), y in any_int(1100), small in any_int(64)) {
        for y in [y, small, BigInt::one()] {
            if y.is_zero() {
                prop_assert_eq!(int(&x).div_rem(&int(&y)), (Int::ZERO, int(&x)));
                continue;
            }
            let (a, b) = (int(&x), int(&y));
            let (q, r) = a.div_rem(&b);
            let positive = y.abs();
            prop_assert_eq!((big(&q), big(&r)), (&x / &y, &x % &y));
            prop_assert_eq!(big(&a.modulo(&b.abs())), x.mod_floor(&positive));
            prop_assert_eq!(a.checked_div_exact(&b).is_some(), (&x % &y).is_zero());
        }
    }

    #[test]
    fn twos_complement(x in any_int(1024)) {
        let mut bytes = [0u8; 129];
        int(&x).write_twos_complement(&mut bytes);
        prop_assert_eq!(BigInt::from_signed_bytes_be(&bytes), x.clone());
        prop_assert_eq!(Int::from_twos_complement(&bytes), Some(int(&x)));
    }

    #[test]
    fn greatest_common_divisors(x in any_int(1024), y in any_int(1024), factor in any_int(256)) {
        for (x, y) in [(x.clone(), y.clone()), (&x * &factor, &y * &factor), (x.clone(), BigInt::zero())] {
            let (x, y) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
            if x.is_zero() {
                continue;
            }
            let (g, v) = gcd_cofactor(&int(&x), &int(&y));
            prop_assert_eq!(big(&g), x.gcd(&y));
            prop_assert!((big(&v) * &y - big(&g)).is_multiple_of(&x));
            prop_assert!(big(&v).abs() <= x);
        }
    }

    #[test]
    fn stopped_euclid(x in any_int(1024), y in any_int(1024), limit in any_int(1024)) {
        let (a, k, limit) = (x.abs().max(y.abs()).max(BigInt::one()), x.abs().min(y.abs()), limit.abs());
        for limit in [limit.clone(), a.sqrt()] {
            let state = Euclid::run(&int(&a), &int(&k), &int(&limit));
            let (x, y) = (big(&state.x), big(&state.y));
            let (cx, cy) = (big(&state.cofactor_x()), big(&state.cofactor_y()));
            prop_assert!(y <= limit && (x > limit || k <= limit));
            prop_assert!((&cx * &k - &x).is_multiple_of(&a));
            prop_assert!((&cy * &k - &y).is_multiple_of(&a));
            let determinant = &x * &cy - &y * &cx;
            prop_assert_eq!(determinant, if state.is_reversed() { -a.clone() } else { a.clone() });
        }
    }
}

/// Quotients of all sizes: neighbours, powers of two, Fibonacci numbers, one huge quotient at every place.
#[test]
fn euclid_on_extreme_quotients() {
    let one = BigInt::one();
    let mut pairs = vec![(one.clone(), one.clone()), (one.clone(), BigInt::zero())];
    for bits in (1..1024)
        .step_by(7)
        .chain([31, 32, 33, 63, 64, 65, 127, 128, 129])
    {
        let power: BigInt = &one << bits;
        pairs.push((power.clone(), &power - 1));
        pairs.push((power.clone(), one.clone()));
        pairs.push((&power + 1, power.clone()));
        pairs.push((power.clone(), power.clone()));
        pairs.push(((&power << (1023 - bits)) - 1, power));
    }
    let (mut f, mut g) = (one.clone(), one.clone());
    while f.bits() < 1000 {
        (f, g) = (&f + &g, f);
        pairs.push((f.clone(), g.clone()));
        pairs.push(((&f << 20) + &g, f.clone()));
        pairs.push(((&f * &f) >> (f.bits() / 2), f.clone()));
    }
    for (a, k) in pairs {
        let (a, k) = if a < k { (k, a) } else { (a, k) };
        let (gcd, v) = gcd_cofactor(&int(&a), &int(&k));
        assert_eq!(big(&gcd), a.gcd(&k), "{a} {k}");
        assert!((big(&v) * &k - big(&gcd)).is_multiple_of(&a));
        let state = Euclid::run(&int(&a), &int(&k), &int(&a.sqrt()));
        assert!(big(&state.y) <= a.sqrt() && (big(&state.x) > a.sqrt() || k <= a.sqrt()));
        assert!((big(&state.cofactor_y()) * &k - big(&state.y)).is_multiple_of(&a));
    }
}
