//! Every kernel against every other and against num-bigint.

use super::montgomery::bit_length;
use super::*;
use num_bigint::BigUint;
use proptest::prelude::*;

fn big(limbs: &[u64]) -> BigUint {
    BigUint::from_slice(
        &limbs
            .iter()
            .flat_map(|&l| [l as u32, (l >> 32) as u32])
            .collect::<Vec<_>>(),
    )
}

fn wide(value: &BigUint) -> Wide {
    let mut out = [0; LIMBS];
    for (slot, limb) in out.iter_mut().zip(value.to_u64_digits()) {
        *slot = limb;
    }
    out
}

fn never() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn expected(n: &Wide) -> bool {
    let n = big(n);
    let exponent: BigUint = &n >> 1;
    BigUint::from(2u8).modpow(&exponent, &n) == BigUint::from(1u8)
}

/// Known primes that are 7 mod 8: Mersenne primes and the 2048-bit MODP prime of RFC 3526.
fn primes() -> Vec<Wide> {
    let mersenne = |e: u32| wide(&((BigUint::from(1u8) << e) - 1u8));
    let modp = BigUint::parse_bytes(
        concat!(
            "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
            "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
            "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
            "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
            "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
            "15728E5A8AACAA68FFFFFFFFFFFFFFFF"
        )
        .as_bytes(),
        16,
    )
    .expect("hexadecimal");
    vec![
        mersenne(127),
        mersenne(521),
        mersenne(607),
        mersenne(1279),
        wide(&modp),
    ]
}

#[test]
fn kernels_accept_primes_and_refuse_their_neighbours() {
    for kernel in Kernel::available() {
        for prime in primes() {
            let mut near = prime;
            near[0] ^= 1 << 4;
            let even = {
                let mut e = prime;
                e[0] -= 1;
                e
            };
            let batch = [near, prime, even, prime, near];
            let mut verdicts = [true; 5];
            assert!(base2_euler(kernel, &batch, &mut verdicts, &mut never).is_continue());
            assert_eq!(
                verdicts,
                [expected(&near), true, false, true, expected(&near)],
                "{kernel:?}"
            );
        }
    }
}

#[test]
fn the_final_test_accepts_primes_and_refuses_their_neighbours() {
    for prime in primes() {
        assert!(is_prime(&prime));
        let mut near = prime;
        near[0] ^= 1 << 4;
        assert!(!is_prime(&near));
    }
}

#[test]
fn a_tick_that_breaks_stops_every_kernel() {
    let modp = primes()[4];
    for kernel in Kernel::available() {
        let mut calls = 0;
        let flow = base2_euler(kernel, &[modp; 9], &mut [false; 9], &mut || {
            calls += 1;
            if calls == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(flow.is_break() && calls == 2, "{kernel:?}");
    }
}

#[test]
fn forcing_the_portable_path_changes_the_choice_only() {
    set_portable(true);
    assert_eq!(Kernel::detect(), Kernel::Portable);
    set_portable(false);
    assert!(Kernel::available().contains(&Kernel::detect()));
}

fn full_width() -> impl Strategy<Value = Wide> {
    prop::array::uniform32(any::<u64>()).prop_map(|mut n| {
        n[LIMBS - 1] |= 1 << 63;
        n[0] |= 7;
        n
    })
}

fn any_odd() -> impl Strategy<Value = Wide> {
    (
        prop::array::uniform32(any::<u64>()),
        1usize..=LIMBS,
        0u32..64,
    )
        .prop_map(|(mut n, limbs, shift)| {
            n[limbs..].fill(0);
            n[limbs - 1] >>= shift;
            n[0] |= 3;
            n
        })
}

fn element_of<const N: usize>(value: &BigUint, field: &Mont64<N>) -> [u64; N] {
    let mut acc = field.zero();
    for i in (0..value.bits()).rev() {
        acc = field.add(&acc, &acc);
        if value.bit(i) {
            acc = field.add(&acc, &field.one());
        }
    }
    acc
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn single_arithmetics_agree_on_residues(n in full_width()) {
        let modulus = big(&n);
        let m64 = Mont64::<LIMBS>::new(&n).expect("odd");
        let m28 = Mont28::<74>::new(&n).expect("odd");
        let (mut a, mut b) = (m64.power_of_two(77), m28.power_of_two(77));
        let mut reference = BigUint::from(2u8).modpow(&BigUint::from(77u8), &modulus);
        for step in 0..20u32 {
            a = m64.shift(&m64.square(&a), step % 5);
            b = m28.shift(&m28.square(&b), step % 5);
            reference = ((&reference * &reference) << (step % 5)) % &modulus;
        }
        prop_assert!(element_of(&reference, &m64) == a);
        let mut acc = m28.zero();
        for i in (0..reference.bits()).rev() {
            acc = m28.add(&acc, &acc);
            if reference.bit(i) {
                acc = m28.add(&acc, &m28.one());
            }
        }
        prop_assert!(acc == b);
    }

    /// Residues and not only verdicts: those of composites are random, so that an error anywhere would show.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vector_kernels_compute_the_expected_powers(moduli in prop::array::uniform8(full_width())) {
        let expect = |n: &Wide, r_bits: u32| {
            let n = big(n);
            let exponent = (&n >> 1) + r_bits;
            wide(&BigUint::from(2u8).modpow(&exponent, &n))
        };
        let eight = super::group::Group::<{ ifma::LANES }>::new(&moduli).expect("one length");
        if ifma::available() {
            let powers = ifma::powers(&eight, &mut never).expect("instructions");
            prop_assert!(powers == ControlFlow::Continue(moduli.map(|n| expect(&n, ifma::R_BITS))));
        }
        let four = super::group::Group::<{ avx2::LANES }>::new(&moduli[4..]).expect("one length");
        if avx2::available() {
            let powers = avx2::powers(&four, &mut never).expect("instructions");
            let expected = core::array::from_fn(|lane| expect(&moduli[4 + lane], avx2::R_BITS));
            prop_assert!(powers == ControlFlow::Continue(expected));
        }
    }

    #[test]
    fn products_agree_with_num_bigint(n in any_odd(), x in full_width(), y in full_width()) {
        let modulus = big(&n);
        prop_assume!(modulus > BigUint::from(2u8));
        let field = Mont64::<LIMBS>::new(&n).expect("odd");
        let (x, y) = (big(&x) % &modulus, big(&y) % &modulus);
        let (a, b) = (element_of(&x, &field), element_of(&y, &field));
        prop_assert!(field.mul(&a, &b) == element_of(&(&x * &y % &modulus), &field));
        prop_assert!(field.square(&a) == field.mul(&a, &a));
        prop_assert!(field.sub(&a, &b) == element_of(&((&x + &modulus - &y) % &modulus), &field));
        prop_assert!(field.square(&field.sub(&field.zero(), &field.one())) == field.one());
    }

    #[test]
    fn digit_arithmetic_obeys_the_ring_laws(n in any_odd(), seed in any::<u32>()) {
        prop_assume!(bit_length(&n) > 8);
        let field = Mont28::<74>::new(&n).expect("odd");
        let a = field.square(&field.small(seed));
        let b = field.sub(&field.power_of_two(seed % 3000), &a);
        prop_assert!(field.mul(&a, &b) == field.mul(&b, &a));
        prop_assert!(field.mul(&field.add(&a, &b), &field.sub(&a, &b)) == field.sub(&field.square(&a), &field.square(&b)));
        prop_assert!(field.mul(&a, &field.one()) == a);
    }
}
