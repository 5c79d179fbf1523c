//! Every field kernel against a big-integer library.

use limbs::field::{Kernel, MODULUS, WORDS, lanes, words};
use num_bigint::BigUint;
use num_traits::{One, Zero};
use proptest::prelude::*;

fn modulus() -> BigUint {
    big(&MODULUS)
}

fn big(words: &[u64; WORDS]) -> BigUint {
    words
        .iter()
        .rev()
        .fold(BigUint::zero(), |acc, word| (acc << 64) + *word)
}

fn value<K: Kernel>(x: &K) -> BigUint {
    big(&x.to_words())
}

/// Integers below p, with the edges more often than chance.
fn residues() -> impl Strategy<Value = [u64; WORDS]> {
    prop_oneof![
        8 => prop::array::uniform10(any::<u64>()).prop_map(|w| reduced(&big(&w))),
        1 => (0u64..4).prop_map(|small| reduced(&BigUint::from(small))),
        1 => (1u64..4).prop_map(|small| reduced(&(modulus() - small))),
        1 => (0usize..580).prop_map(|bit| reduced(&(BigUint::one() << bit))),
    ]
}

fn reduced(x: &BigUint) -> [u64; WORDS] {
    let mut words = [0u64; WORDS];
    for (word, digit) in words.iter_mut().zip((x % modulus()).iter_u64_digits()) {
        *word = digit;
    }
    words
}

/// All operations of one kernel on a, b, c.
fn check<K: Kernel>(a: &[u64; WORDS], b: &[u64; WORDS], c: &[u64; WORDS]) {
    let p = modulus();
    let (x, y, z) = (K::from_words(a), K::from_words(b), K::from_words(c));
    let (a, b, c) = (big(a), big(b), big(c));
    assert_eq!(value(&x), a);
    assert_eq!(value(&x.add(&y)), (&a + &b) % &p);
    assert_eq!(value(&x.sub(&y)), (&a + &p - &b) % &p);
    assert_eq!(value(&x.sub_loose(&y)), (&a + &p - &b) % &p);
    assert_eq!(value(&x.neg()), (&p - &a) % &p);
    assert_eq!(value(&x.mul(&y)), &a * &b % &p);
    assert_eq!(value(&x.sqr()), &a * &a % &p);
    assert_eq!(value(&x.halve().dbl()), a);
    // Loose values at the edge of their bounds: 128 a + 64 b, minus 255-fold c.
    let many = |x: &K, n: usize| (1..n).fold(*x, |sum, _| sum.add(x));
    let (left, right) = (many(&x, 100).add(&many(&y, 100)), many(&z, 120));
    let (big_left, big_right) = ((&a + &b) * 100u32, &c * 120u32);
    assert_eq!(value(&left.tidy()), &big_left % &p);
    assert_eq!(value(&left.halve().dbl()), &big_left % &p);
    assert_eq!(value(&left.mul(&right)), &big_left * &big_right % &p);
    assert_eq!(value(&left.sub_loose(&right).sqr()), {
        let difference = &big_left + 256u32 * &p - &big_right;
        &difference * &difference % &p
    });
    // A sum of products, negative as an integer: a b - 400 c^2.
    let (mut acc, mut square) = (K::WIDE_ZERO, K::WIDE_ZERO);
    x.mul_wide(&y, &mut acc);
    z.sqr_wide(&mut square);
    (0..400).for_each(|_| K::wide_sub(&mut acc, &square));
    let expected = (&a * &b + 400u32 * &p * &p - 400u32 * &c * &c) % &p;
    assert_eq!(value(&K::reduce(&acc)), expected);
    (0..400).for_each(|_| K::wide_add(&mut acc, &square));
    assert_eq!(value(&K::reduce(&acc)), &a * &b % &p);
    // Bytes and predicates.
    assert_eq!(BigUint::from_bytes_be(&x.to_bytes()), a);
    assert!(K::from_bytes(&x.to_bytes()).expect("canonical").equals(&x));
    assert_eq!(x.is_zero(), a.is_zero());
    assert_eq!(x.equals(&y), a == b);
    assert_eq!(
        u64::from(x.parity()),
        a.iter_u64_digits().next().unwrap_or(0) & 1
    );
    assert_eq!(value(&K::select(&x, &y, 0.into())), a);
    assert_eq!(value(&K::select(&x, &y, 1.into())), b);
}

/// The slow operations: inverse, root, reduction of long strings.
fn check_slow<K: Kernel>(a: &[u64; WORDS], string: &[u8]) {
    let p = modulus();
    let (x, a) = (K::from_words(a), big(a));
    assert_eq!(value(&x.invert()), a.modpow(&(&p - 2u32), &p));
    assert_eq!(value(&x.invert_public()), value(&x.invert()));
    let character = a.modpow(&((&p - 1u32) >> 1), &p);
    assert_eq!(x.is_square_public(), character <= BigUint::one());
    let square = x.sqr();
    let root = square.sqrt().expect("a square has a root");
    assert!(root.equals(&x) || root.equals(&x.neg()));
    // -1 is not a square.
    assert!(a.is_zero() || square.neg().sqrt().is_none());
    assert_eq!(
        value(&K::from_bytes_reduced(string)),
        BigUint::from_bytes_be(string) % &p
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn words_agree_with_big_integers(a in residues(), b in residues(), c in residues()) {
        check::<words::Element>(&a, &b, &c);
    }

    #[test]
    fn lanes_agree_with_big_integers(a in residues(), b in residues(), c in residues()) {
        check::<lanes::Element>(&a, &b, &c);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn inverses_and_roots(a in residues(), string in prop::collection::vec(any::<u8>(), 0..200)) {
        check_slow::<words::Element>(&a, &string);
        check_slow::<lanes::Element>(&a, &string);
    }
}

#[test]
fn integers_that_are_not_below_p_are_refused() {
    let p: [u8; 73] = modulus().to_bytes_be().try_into().expect("73 bytes");
    let last: [u8; 73] = (modulus() - 1u32)
        .to_bytes_be()
        .try_into()
        .expect("73 bytes");
    fn decodes<K: Kernel>(bytes: &[u8; 73]) -> bool {
        K::from_bytes(bytes).is_some()
    }
    for (bytes, expected) in [
        (&p, false),
        (&last, true),
        (&[0xff; 73], false),
        (&[0; 73], true),
    ] {
        assert_eq!(decodes::<words::Element>(bytes), expected);
        assert_eq!(decodes::<lanes::Element>(bytes), expected);
    }
}

#[cfg(target_arch = "x86_64")]
mod octets {
    use super::*;
    use limbs::field::octet::{Octet, OctetWide, available};

    type Coefficients = [[u64; WORDS]; 8];

    /// The product of two basis elements `i^a v^b w^c` (bits of the index), as signed terms.
    fn basis_product(x: usize, y: usize) -> Vec<(usize, i32)> {
        let mut pending = vec![([0, 1, 2].map(|bit| (x >> bit & 1) + (y >> bit & 1)), 1)];
        let mut done = Vec::new();
        while let Some(([i, v, w], sign)) = pending.pop() {
            if w >= 2 {
                // w^2 = -v
                pending.push(([i, v + 1, w - 2], -sign));
            } else if v >= 2 {
                // v^2 = -1 - i
                pending.push(([i, v - 2, w], -sign));
                pending.push(([i + 1, v - 2, w], -sign));
            } else if i >= 2 {
                pending.push(([i - 2, v, w], -sign));
            } else {
                done.push((i + 2 * v + 4 * w, sign));
            }
        }
        done
    }

    fn product(a: &Coefficients, b: &Coefficients) -> Vec<BigUint> {
        let p = modulus();
        let mut out = vec![BigUint::zero(); 8];
        for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
            let term = big(&a[x]) * big(&b[y]) % &p;
            for (lane, sign) in basis_product(x, y) {
                out[lane] += if sign > 0 { term.clone() } else { &p - &term };
            }
        }
        out.into_iter().map(|sum| sum % &p).collect()
    }

    fn octet(c: &Coefficients) -> Octet {
        Octet::from_elements(&c.map(|c| words::Element::from_words(&c)))
    }

    fn values(x: &Octet) -> Vec<BigUint> {
        x.to_elements().iter().map(value).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn octets_agree_with_big_integers(
            a in prop::array::uniform8(residues()),
            b in prop::array::uniform8(residues()),
        ) {
            if !available() {
                eprintln!("no AVX-512 IFMA on this machine: the vector kernel was not run");
                return Ok(());
            }
            let p = modulus();
            let lanes = |f: &dyn Fn(BigUint, BigUint) -> BigUint| -> Vec<BigUint> {
                a.iter().zip(&b).map(|(a, b)| f(big(a), big(b)) % &p).collect()
            };
            let (x, y) = (octet(&a), octet(&b));
            assert_eq!(values(&x), lanes(&|a, _| a));
            assert_eq!(values(&x.add(&y)), lanes(&|a, b| a + b));
            assert_eq!(values(&x.sub(&y)), lanes(&|a, b| a + &p - b));
            // Loose operands: 30 x and 60 y.
            let many = |x: &Octet, n: usize| (1..n).fold(*x, |sum, _| sum.add(x));
            let (left, right) = (many(&x, 30), many(&y, 60));
            assert_eq!(values(&left.tidy()), lanes(&|a, _| a * 30u32));
            let mut wide = OctetWide::ZERO;
            left.mul_wide(&right, &mut wide);
            let expected: Vec<BigUint> =
                product(&a, &b).into_iter().map(|c| c * 1800u32 % &p).collect();
            assert_eq!(values(&wide.reduce()), expected);
            // w^2 = -v: -w is element 4 with all signs changed.
            let mut minus_w = [[0u64; WORDS]; 8];
            minus_w[4] = reduced(&(&p - 1u32));
            let turned = product(&a, &minus_w);
            assert_eq!(values(&x.times_minus_w()), turned);
            // Sums of wide values: x y - w (x y) + w (x y) - x y = 0.
            x.mul_wide(&y, &mut wide);
            let mut sum = wide;
            sum.add_times_minus_w(&wide);
            assert_eq!(
                values(&sum.reduce()),
                values(&wide.reduce().add(&wide.reduce().times_minus_w()))
            );
            sum.sub(&wide);
            sum.sub_times_minus_w(&wide);
            sum.sub(&wide);
            sum.add(&wide);
            assert!(values(&sum.reduce()).iter().all(Zero::is_zero));
        }
    }
}
