//! Baillie-PSW: a strong test with base 2 and an extra strong Lucas test. No composite is known that passes both, and for the random
//! candidates of spec 11 it decides primality.

use super::montgomery::{Montgomery, bit, bit_length};
use super::{Mont28, Mont64, Single, Tick, Wide};
use core::ops::ControlFlow;

/// Steps of the Lucas test between two ticks.
const STEPS_PER_TICK: u32 = 256;

/// Whether the integer of little-endian limbs (at most 2048 bits) is prime by Baillie-PSW. Wider input gives `false`.
#[must_use]
pub fn is_prime(n: &[u64]) -> bool {
    match small_verdict(n) {
        Some(verdict) => verdict,
        None if bit_length(n) <= 128 && cfg!(target_arch = "wasm32") => bpsw::<Mont28<5>>(n),
        None if bit_length(n) <= 128 => bpsw::<Mont64<2>>(n),
        None => bpsw::<Single>(n),
    }
}

/// Whether n is prime by Baillie-PSW.
#[must_use]
pub fn is_prime_u128(n: u128) -> bool {
    is_prime(&[n as u64, (n >> 64) as u64])
}

/// The verdict by trial division, where it gives one.
fn small_verdict(n: &[u64]) -> Option<bool> {
    let bits = bit_length(n);
    if bits < 2 {
        return Some(false);
    }
    for p in [
        2u64, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
        89, 97, 101,
    ] {
        if remainder(n, p) == 0 {
            return Some(bits < 8 && n.first() == Some(&p));
        }
    }
    (bits < 14).then_some(true)
}

fn remainder(n: &[u64], p: u64) -> u64 {
    n.iter().rev().fold(0u64, |r, &limb| {
        ((u128::from(r) << 64 | u128::from(limb)) % u128::from(p)) as u64
    })
}

/// Whether a candidate that passed [`base2_euler`](super::base2_euler) is prime by Baillie-PSW: for n = 7 mod 8 that test is the strong
/// one with base 2, so that the Lucas test is left. `tick` as there.
pub fn is_prime_given_base2(n: &Wide, tick: Tick<'_>) -> ControlFlow<(), bool> {
    if let Some(verdict) = small_verdict(n) {
        return ControlFlow::Continue(verdict);
    }
    match Single::new(n) {
        Some(field) => extra_strong_lucas(&field, n, tick),
        None => ControlFlow::Continue(false),
    }
}

fn bpsw<M: Montgomery>(n: &[u64]) -> bool {
    let never = &mut || ControlFlow::Continue(());
    M::new(n).is_some_and(|field| {
        strong_base2(&field, n)
            && extra_strong_lucas(&field, n, never) == ControlFlow::Continue(true)
    })
}

/// n - 1 = 2^s d with odd d: 2^d = 1, or 2^(2^i d) = -1 for some i < s.
fn strong_base2<M: Montgomery>(field: &M, n: &[u64]) -> bool {
    let s = (1..).find(|&i| bit(n, i)).unwrap_or(1);
    let one = field.one();
    let minus_one = field.sub(&field.zero(), &one);
    let mut x = one;
    for i in (s..bit_length(n)).rev() {
        x = field.square(&x);
        if bit(n, i) {
            x = field.add(&x, &x);
        }
    }
    if x == one {
        return true;
    }
    for _ in 0..s {
        if x == minus_one {
            return true;
        }
        x = field.square(&x);
    }
    false
}

/// Extra strong Lucas test (Mo, Jones; Grantham): Q = 1, the smallest P >= 3 with (P^2 - 4 / n) = -1;
/// n + 1 = 2^s d: U_d = 0 and V_d = +-2, or V_(2^i d) = 0 for some i < s - 1.
fn extra_strong_lucas<M: Montgomery>(
    field: &M,
    n: &[u64],
    tick: Tick<'_>,
) -> ControlFlow<(), bool> {
    let mut p = 3u32;
    loop {
        match jacobi(p * p - 4, n) {
            -1 => break,
            // A common factor of P^2 - 4 and n: composite, trial division has removed n itself.
            0 => return ControlFlow::Continue(false),
            _ => p += 1,
        }
        // A perfect square has no such P; no other n is known to need more than a few dozen.
        if p == 64 && is_square(n) || p > 2000 {
            return ControlFlow::Continue(false);
        }
    }
    let n_plus_1 = {
        let mut v = n.to_vec();
        v.push(0);
        for limb in &mut v {
            *limb = limb.wrapping_add(1);
            if *limb != 0 {
                break;
            }
        }
        v
    };
    let s = (1..).find(|&i| bit(&n_plus_1, i)).unwrap_or(1);
    let (two, big_p) = (field.small(2), field.small(p));
    // (V_k, V_(k+1)) along the bits of d.
    let (mut v, mut w) = (two, big_p);
    for i in (s..bit_length(&n_plus_1)).rev() {
        if i % STEPS_PER_TICK == 0 {
            tick()?;
        }
        let cross = field.sub(&field.mul(&v, &w), &big_p);
        if bit(&n_plus_1, i) {
            w = field.sub(&field.square(&w), &two);
            v = cross;
        } else {
            v = field.sub(&field.square(&v), &two);
            w = cross;
        }
    }
    let minus_two = field.sub(&field.zero(), &two);
    // (P^2 - 4) U_d = 2 V_(d+1) - P V_d.
    let u_is_zero = field.add(&w, &w) == field.mul(&big_p, &v);
    if u_is_zero && (v == two || v == minus_two) {
        return ControlFlow::Continue(true);
    }
    for _ in 0..s.saturating_sub(1) {
        if v == field.zero() {
            return ControlFlow::Continue(true);
        }
        v = field.sub(&field.square(&v), &two);
    }
    ControlFlow::Continue(false)
}

/// Jacobi symbol (a / n) for odd n.
fn jacobi(a: u32, n: &[u64]) -> i32 {
    let n_mod_8 = n.first().map_or(1, |l| l % 8);
    let mut sign = 1;
    let mut odd = a;
    while odd != 0 && odd.is_multiple_of(2) {
        odd /= 2;
        if n_mod_8 == 3 || n_mod_8 == 5 {
            sign = -sign;
        }
    }
    if odd <= 1 {
        return if odd == 1 { sign } else { 0 };
    }
    if odd % 4 == 3 && n_mod_8 % 4 == 3 {
        sign = -sign;
    }
    let (mut x, mut m) = (remainder(n, u64::from(odd)), u64::from(odd));
    while x != 0 {
        while x.is_multiple_of(2) {
            x /= 2;
            if m % 8 == 3 || m % 8 == 5 {
                sign = -sign;
            }
        }
        (x, m) = (m, x);
        if x % 4 == 3 && m % 4 == 3 {
            sign = -sign;
        }
        x %= m;
    }
    if m == 1 { sign } else { 0 }
}

/// Whether n is a perfect square, by residues modulo primes: a non-square passes with probability 2^-60.
fn is_square(n: &[u64]) -> bool {
    let mut primes = 0;
    let mut p = 103u32;
    while primes < 60 {
        if (2..p)
            .take_while(|d| d * d <= p)
            .all(|d| !p.is_multiple_of(d))
        {
            primes += 1;
            let r = remainder(n, u64::from(p)) as u32;
            if r != 0 && jacobi(r, &[u64::from(p)]) == -1 {
                return false;
            }
        }
        p += 2;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_trial_division_below_one_hundred_thousand() {
        let mut prime = vec![true; 100_000];
        prime[0] = false;
        prime[1] = false;
        for i in 2..prime.len() {
            if prime[i] {
                for j in (2 * i..prime.len()).step_by(i) {
                    prime[j] = false;
                }
            }
        }
        for (n, &expected) in prime.iter().enumerate() {
            assert_eq!(is_prime(&[n as u64]), expected, "{n}");
        }
    }

    #[test]
    fn both_arithmetics_give_the_verdict_on_known_numbers() {
        // Strong pseudoprimes base 2, Lucas pseudoprimes, squares, Carmichael numbers, then primes.
        let cases: [(u128, bool); 14] = [
            (2047 * 4033, false),
            (1_373_653, false),
            (25_326_001, false),
            (3_215_031_751, false),
            (3_825_123_056_546_413_051, false),
            (1_194_649, false),
            (12_327_121, false),
            (5459 * 5777, false),
            (6_368_689, false),
            ((1u128 << 61) - 1, true),
            ((1 << 89) - 1, true),
            ((1 << 107) - 1, true),
            ((1 << 127) - 1, true),
            (u128::MAX - 158, true),
        ];
        for (n, expected) in cases {
            let limbs = [n as u64, (n >> 64) as u64];
            assert_eq!(is_prime_u128(n), expected, "{n}");
            assert_eq!(bpsw::<Mont64<2>>(&limbs), expected, "{n}");
            assert_eq!(bpsw::<Mont28<5>>(&limbs), expected, "{n}");
        }
    }
}
