//! NUCOMP and NUDUPL against Gauss composition written out with num-bigint, on discriminants from 40 to 2048
//! bits, prime and composite: composite ones have forms with a | b and with common factors.

use classgroup::{Discriminant, ELEMENT_BYTES, Form};
use num_bigint::{BigInt, Sign};
use num_integer::{ExtendedGcd, Integer};
use num_traits::{Signed, Zero};
use proptest::prelude::RngCore;
use proptest::test_runner::{RngAlgorithm, TestRng};

type Triple = (BigInt, BigInt, BigInt);

fn reduce((mut a, mut b, mut c): Triple) -> Triple {
    loop {
        // b into (-a, a].
        let q = (&a - &b).div_floor(&(&a * 2));
        let shifted = &b + &q * &a * 2;
        c += &q * (&b + &shifted) / 2;
        b = shifted;
        if a > c {
            (a, b, c) = (c, -b, a);
        } else {
            if a == c && b.is_negative() {
                b = -b;
            }
            return (a, b, c);
        }
    }
}

/// Cohen, "A Course in Computational Algebraic Number Theory", definition 5.4.6.
fn gauss(d: &BigInt, (a1, b1, _): &Triple, (a2, b2, c2): &Triple) -> Triple {
    let s: BigInt = (b1 + b2) / 2;
    let n = b2 - &s;
    // u a2 + v a1 = gcd, x2 s + y2 gcd = e.
    let ExtendedGcd { gcd, x: u, y: _ } = a2.extended_gcd(a1);
    let ExtendedGcd {
        gcd: e,
        x: x2,
        y: y2,
    } = s.extended_gcd(&gcd);
    let (v1, v2) = (a1 / &e, a2 / &e);
    let r = (-(&y2 * &u * &n) - &x2 * c2).mod_floor(&v1);
    let b = b2 + &v2 * &r * 2;
    let a = v1 * v2;
    let c = (&b * &b - d) / (&a * 4);
    reduce((a, b, c))
}

fn encode((a, b, _): &Triple) -> [u8; ELEMENT_BYTES] {
    let mut out = [0; ELEMENT_BYTES];
    for (half, value) in out.chunks_mut(ELEMENT_BYTES / 2).zip([a, b]) {
        let bytes = value.to_signed_bytes_be();
        half.fill(if value.is_negative() { 0xff } else { 0 });
        let at = half.len() - bytes.len();
        half[at..].copy_from_slice(&bytes);
    }
    out
}

struct Group {
    d: BigInt,
    ours: Discriminant,
    /// Forms above small primes, the ramified ones included.
    small: Vec<Triple>,
}

impl Group {
    fn new(magnitude: &BigInt) -> Self {
        let d = -magnitude;
        let ours = Discriminant::from_bytes(&magnitude.to_bytes_be().1).expect("7 mod 8");
        let mut small = Vec::new();
        for p in (2u32..400).filter(|p| (2..*p).all(|q| p % q != 0)) {
            let root = (0..2 * p).find(|b| ((BigInt::from(*b).pow(2) - &d) % (4 * p)).is_zero());
            if let Some(b) = root {
                let c = (BigInt::from(b).pow(2) - &d) / (4 * p);
                small.push(reduce((p.into(), b.into(), c)));
            }
        }
        assert!(small.len() > 10);
        Self { d, ours, small }
    }

    fn ours(&self, form: &Triple) -> Form {
        Form::decode_strict(&self.ours, &encode(form)).expect("a reduced form")
    }

    fn check(&self, f: &Triple, g: &Triple) -> Triple {
        let expected = gauss(&self.d, f, g);
        let product = self.ours(f).multiply(&self.ours, &self.ours(g));
        assert_eq!(
            product.encode(),
            encode(&expected),
            "{} * {f:?} {g:?}",
            self.d
        );
        if f == g {
            assert_eq!(
                self.ours(f).square(&self.ours),
                product,
                "{} square {f:?}",
                self.d
            );
        }
        expected
    }

    /// Products of all small forms, then a walk that doubles in size until it fills the group.
    fn walk(&self, rng: &mut TestRng, steps: usize) {
        for f in &self.small {
            for g in self.small.iter().take(12) {
                self.check(f, g);
            }
            self.check(f, f);
            let (a, b, c) = f.clone();
            let inverse = reduce((a, -b, c));
            assert_eq!(self.ours(f).inverse(), self.ours(&inverse));
            let product = self.ours(f).multiply(&self.ours, &self.ours(&inverse));
            assert!(product.is_identity());
        }
        let mut f = self.small[0].clone();
        let mut g = self.small[self.small.len() - 1].clone();
        for _ in 0..steps {
            let choice = rng_below(rng, self.small.len() as u32) as usize;
            f = self.check(&f, &f);
            g = self.check(&g, &self.small[choice]);
            f = self.check(&f, &g);
            g = self.check(&g, &g);
            self.check(&f, &self.small[choice]);
            self.check(&self.small[choice], &f);
        }
    }
}

fn rng_below(rng: &mut TestRng, bound: u32) -> u32 {
    rng.next_u32() % bound
}

fn random(rng: &mut TestRng, bits: u64) -> BigInt {
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    rng.fill_bytes(&mut bytes);
    let mut n = BigInt::from_bytes_be(Sign::Plus, &bytes) >> (bytes.len() as u64 * 8 - bits);
    n.set_bit(bits - 1, true);
    n
}

fn rng() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

#[test]
fn prime_discriminants_of_every_length() {
    let mut rng = rng();
    for (bits, groups, steps) in [
        (40, 20, 20),
        (64, 10, 40),
        (127, 5, 60),
        (256, 3, 100),
        (512, 2, 150),
        (1024, 1, 200),
        (2048, 2, 250),
    ] {
        for seed in 0..groups {
            let ours = Discriminant::from_challenge(&[seed], bits).expect("a discriminant");
            let magnitude = BigInt::from_bytes_be(Sign::Plus, &ours.to_bytes());
            Group::new(&magnitude).walk(&mut rng, steps);
        }
    }
}

#[test]
fn composite_discriminants_have_ambiguous_forms_and_common_factors() {
    let mut rng = rng();
    let ramified = [3u32, 5, 7, 11, 13, 17, 19, 23, 101, 211];
    for (bits, groups, steps) in [(30, 20, 20), (90, 10, 30), (500, 3, 60), (1900, 1, 60)] {
        let mut done = 0;
        while done < groups {
            // A product of small primes and a random cofactor without square factors of small primes.
            let factor: u32 = ramified
                .iter()
                .filter(|_| rng_below(&mut rng, 3) == 0)
                .take(4)
                .product();
            let magnitude = random(&mut rng, bits) * factor;
            let square_free = (2u32..1000).all(|p| !(&magnitude % (p * p)).is_zero());
            if (&magnitude % 8u8) != BigInt::from(7u8)
                || magnitude.bits() < 40
                || !square_free
                || factor == 1
            {
                continue;
            }
            Group::new(&magnitude).walk(&mut rng, steps);
            done += 1;
        }
    }
}
