//! The sieve: which n + k M have a small factor.
//!
//! For each prime p not dividing M the position of its first multiple is k0 = -n / M mod p. n mod p comes from a Montgomery
//! reduction by 32-bit digits, which leaves a fixed power of two that the table's factor contains already.

use std::sync::OnceLock;

/// Step between candidates: 8 * 3 * 5 * 7 * 11 * 13 (spec 11 section 1.1).
pub(crate) const M: u32 = 120_120;

/// Primes below this are sieved. Beyond it a prime costs more than the tests it saves.
const BOUND: u32 = if cfg!(target_arch = "wasm32") {
    1 << 21
} else {
    1 << 20
};

/// 32-bit digits of the longest n.
pub(crate) const DIGITS: usize = 64;
const _: () = assert!(DIGITS.is_power_of_two());

/// A prime with what turns digits of n into its first position.
#[derive(Clone, Copy)]
struct SievePrime {
    p: u32,
    /// -1/p mod 2^32.
    inverse: u32,
    /// -2^(32 (DIGITS + 1)) / M mod p.
    factor: u32,
}

impl SievePrime {
    fn new(p: u32) -> Self {
        let mut inverse = p.wrapping_mul(3) ^ 2;
        for _ in 0..3 {
            inverse = inverse.wrapping_mul(2u32.wrapping_sub(p.wrapping_mul(inverse)));
        }
        let multiply = |a: u64, b: u64| a * b % u64::from(p);
        let digit = (1u64 << 32) % u64::from(p);
        // 2^(32 DIGITS), and one digit more for the final step.
        let power = (0..DIGITS.ilog2()).fold(digit, |x, _| multiply(x, x));
        let minus_inverse = u64::from(p - inverse_mod(M % p, p));
        let factor = multiply(multiply(power, digit), minus_inverse);
        Self {
            p,
            inverse: inverse.wrapping_neg(),
            factor: factor as u32,
        }
    }

    /// (t + digit) / 2^32 mod p, below 2^32.
    #[inline(always)]
    fn step(&self, t: u64) -> u64 {
        let q = (t as u32).wrapping_mul(self.inverse);
        (t + u64::from(q) * u64::from(self.p)) >> 32
    }
}

/// 1 / a mod p for 0 < a < p < 2^31, by Euclid.
fn inverse_mod(a: u32, p: u32) -> u32 {
    let (mut r0, mut r1) = (p, a);
    let (mut t0, mut t1) = (0i32, 1i32);
    while r1 != 0 {
        let q = r0 / r1;
        (r0, r1) = (r1, r0 - q * r1);
        (t0, t1) = (t1, t0.wrapping_sub((q as i32).wrapping_mul(t1)));
    }
    if t0 < 0 {
        p - t0.unsigned_abs()
    } else {
        t0.unsigned_abs()
    }
}

/// The table of sieve primes, made once per process.
fn table() -> &'static [SievePrime] {
    static TABLE: OnceLock<Vec<SievePrime>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // Position i stands for 2 i + 1. Bits, and room for exactly the primes there are: memory that WASM used once is never given back.
        const HALF: u32 = BOUND / 2;
        let mut composite = Window::new(HALF);
        for p in (3..=BOUND.isqrt()).step_by(2) {
            if composite.is_composite(p / 2) {
                continue;
            }
            for multiple in (p * p / 2..HALF).step_by(p as usize) {
                composite.set(multiple);
            }
        }
        // 17 is the first prime that does not divide M.
        let primes = || {
            (17 / 2..HALF)
                .filter(|&i| !composite.is_composite(i))
                .map(|i| 2 * i + 1)
        };
        let mut table = Vec::with_capacity(primes().count());
        table.extend(primes().map(SievePrime::new));
        table
    })
}

/// First positions of all primes for one n.
pub(crate) struct Positions(Vec<u32>);

impl Positions {
    /// n by 32-bit digits, least significant first.
    pub fn new(digits: &[u32; DIGITS]) -> Self {
        const SIDE_BY_SIDE: usize = 8;
        let table = table();
        let mut positions = Vec::with_capacity(table.len());
        let (groups, rest) = table.as_chunks::<SIDE_BY_SIDE>();
        for group in groups {
            let mut t = [0u64; SIDE_BY_SIDE];
            for &digit in digits {
                for (t, prime) in t.iter_mut().zip(group) {
                    *t = prime.step(*t + u64::from(digit));
                }
            }
            positions.extend(t.iter().zip(group).map(|(&t, prime)| position(t, prime)));
        }
        for prime in rest {
            let t = digits
                .iter()
                .fold(0, |t, &digit| prime.step(t + u64::from(digit)));
            positions.push(position(t, prime));
        }
        Self(positions)
    }

    /// Marks in `out[0..count]` (bit by bit) the positions from..from + count that have a small factor.
    pub fn mark(&self, from: u32, out: &mut Window) {
        for (prime, &position) in table().iter().zip(&self.0) {
            let p = prime.p;
            let mut at = if position >= from {
                position - from
            } else {
                (p - (from - position) % p) % p
            };
            while at < out.count {
                out.set(at);
                at = at.saturating_add(p);
            }
        }
    }
}

fn position(t: u64, prime: &SievePrime) -> u32 {
    let value = prime.step(t * u64::from(prime.factor) % u64::from(prime.p));
    (value % u64::from(prime.p)) as u32
}

/// A run of positions, one bit each.
#[derive(Clone)]
pub(crate) struct Window {
    count: u32,
    composite: Vec<u64>,
}

impl Window {
    pub fn new(count: u32) -> Self {
        Self {
            count,
            composite: vec![0; count.div_ceil(64) as usize],
        }
    }

    fn set(&mut self, at: u32) {
        if let Some(word) = self.composite.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Whether the position is known to be composite. Positions outside the window are not.
    pub fn is_composite(&self, at: u32) -> bool {
        self.composite
            .get(at as usize / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_prime_below_the_bound_but_those_of_m() {
        let is_prime = |n: u32| (2..=n.isqrt()).all(|d| !n.is_multiple_of(d));
        let primes: Vec<u32> = table().iter().map(|prime| prime.p).collect();
        assert_eq!(primes.first(), Some(&17));
        assert!(primes.is_sorted());
        let last_primes = (BOUND - 2000..BOUND).filter(|&n| is_prime(n));
        let beyond_16_bits = (65_536..70_000).filter(|&n| is_prime(n));
        for p in beyond_16_bits.chain(last_primes) {
            assert!(primes.binary_search(&p).is_ok(), "{p}");
        }
        // pi(2^20) and pi(2^21), without 2, 3, 5, 7, 11, 13.
        let all = if BOUND == 1 << 20 { 82_025 } else { 155_611 };
        assert_eq!(primes.len(), all - 6);
    }

    #[test]
    fn marks_exactly_the_positions_with_a_small_factor() {
        // n = 2^64 * 3 + 7, small enough to divide directly.
        let mut digits = [0; DIGITS];
        (digits[0], digits[2]) = (7, 3);
        let n = 3 * (1u128 << 64) + 7;
        let positions = Positions::new(&digits);
        for from in [0, 1, 1000, 5_000_000] {
            let mut window = Window::new(500);
            positions.mark(from, &mut window);
            for at in 0..500 {
                let candidate = n + u128::from(from + at) * u128::from(M);
                let factor = table()
                    .iter()
                    .any(|prime| candidate.is_multiple_of(u128::from(prime.p)));
                assert_eq!(window.is_composite(at), factor, "{from} + {at}");
            }
        }
    }
}
