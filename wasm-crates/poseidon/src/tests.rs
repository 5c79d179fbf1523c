//! Both fields against big integers and each other; the sparse form against the plain one.

use num_bigint::BigUint;
use proptest::prelude::*;

use crate::field::{Field, Limbs, MAX_TERMS, Q, at_least};
use crate::params::{HALF_FULL_ROUNDS, MAX_WIDTH, Params, Plain, apply};
use crate::permutation::{State, permute};
use crate::{narrow, wide};

fn big(limbs: &Limbs) -> BigUint {
    limbs
        .iter()
        .rev()
        .fold(BigUint::ZERO, |x, limb| (x << 64) + *limb)
}

fn element() -> impl Strategy<Value = Limbs> {
    let edge = prop::sample::select(vec![0u64, 1, 2, u64::MAX, 1 << 63]);
    let small = edge.prop_map(|x| [x, 0, 0, 0]);
    let near_q = any::<u8>().prop_map(|x| crate::field::subtract(&Q, &[u64::from(x) + 1, 0, 0, 0]));
    let any = any::<Limbs>().prop_map(|[a, b, c, d]| [a, b, c, d >> 3]);
    prop_oneof![small, near_q, any].prop_filter("below q", |x| !at_least(x, &Q))
}

fn operations<F: Field>(a: &Limbs, b: &Limbs) {
    let q = big(&Q);
    let (x, y) = (F::from_limbs(a), F::from_limbs(b));
    let (bx, by) = (big(a), big(b));
    assert_eq!(x.to_limbs(), *a);
    assert_eq!(big(&x.add(y).to_limbs()), (&bx + &by) % &q);
    assert_eq!(big(&x.sub(y).to_limbs()), (&bx + &q - &by) % &q);
    assert_eq!(big(&x.mul(y).to_limbs()), (&bx * &by) % &q);
    assert_eq!(big(&x.square().to_limbs()), (&bx * &bx) % &q);
    assert_eq!(
        big(&x.fifth_power().to_limbs()),
        bx.modpow(&BigUint::from(5u8), &q)
    );
    for terms in [1, 6, 7, 12, 13, 18, 19, MAX_TERMS] {
        let sum = F::inner_product(&vec![x; terms], &vec![y; terms]);
        assert_eq!(big(&sum.to_limbs()), &bx * &by * BigUint::from(terms) % &q);
    }
}

proptest! {
    #[test]
    fn both_fields_agree_with_big_integers(a in element(), b in element()) {
        operations::<wide::Fr>(&a, &b);
        operations::<narrow::Fr>(&a, &b);
    }

    #[test]
    fn inverse_times_element_is_one(a in element()) {
        let x = wide::Fr::from_limbs(&a);
        let y = narrow::Fr::from_limbs(&a);
        prop_assume!(x != wide::Fr::ZERO);
        prop_assert_eq!(x.mul(x.inverse()), wide::Fr::ONE);
        prop_assert_eq!(y.inverse().to_limbs(), x.inverse().to_limbs());
    }
}

#[test]
fn the_largest_sum_of_products_is_reduced() {
    let top = crate::field::subtract(&Q, &[1, 0, 0, 0]);
    operations::<wide::Fr>(&top, &top);
    operations::<narrow::Fr>(&top, &top);
}

/// The rounds as spec 10 section 3.1 writes them.
fn plain_permutation<F: Field>(plain: &Plain<F>, state: &mut [F]) {
    let rounds = 2 * HALF_FULL_ROUNDS + plain.partial_rounds;
    for (round, constants) in plain.round_constants.chunks_exact(plain.t).enumerate() {
        for (lane, constant) in state.iter_mut().zip(constants) {
            *lane = lane.add(*constant);
        }
        let partial = (HALF_FULL_ROUNDS..rounds - HALF_FULL_ROUNDS).contains(&round);
        let boxes = if partial { 1 } else { plain.t };
        for lane in &mut state[..boxes] {
            *lane = lane.fifth_power();
        }
        let mixed = apply(&plain.mds, plain.t, state);
        state.copy_from_slice(&mixed);
    }
}

fn sparse_equals_plain<F: Field>(t: usize) -> Vec<Limbs> {
    let plain = Plain::<F>::generate(t).unwrap();
    let params = Params::<F>::generate(t).unwrap();
    let mut outputs = Vec::new();
    for seed in 0..3u64 {
        let mut state: State<F> = [F::ZERO; MAX_WIDTH];
        for (i, lane) in state.iter_mut().take(t).enumerate() {
            *lane = F::from_limbs(&[seed * 977 + i as u64, seed, 7 * i as u64, seed]);
        }
        let mut expected = state[..t].to_vec();
        plain_permutation(&plain, &mut expected);
        let got = permute(&params, &state);
        assert_eq!(got, expected[0], "width {t}, seed {seed}");
        outputs.extend(expected.iter().map(|x| x.to_limbs()));
    }
    outputs
}

#[test]
fn cry_11_sparse_partial_rounds_equal_the_plain_form_for_every_width_on_both_fields() {
    for t in 2..=MAX_WIDTH {
        assert_eq!(
            sparse_equals_plain::<wide::Fr>(t),
            sparse_equals_plain::<narrow::Fr>(t),
            "width {t}"
        );
    }
    assert!(Params::<wide::Fr>::generate(1).is_none());
    assert!(Params::<wide::Fr>::generate(18).is_none());
}
