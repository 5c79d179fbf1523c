//! Hash to G1: RFC 9380 with expand_message_xmd over SHA-512, Shallue and van de Woestijne's map with
//! Z = 2, random oracle (spec 10 section 2.1). Messages are public: not constant time.

use std::sync::OnceLock;

use limbs::field::Kernel as _;
use sha2::{Digest, Sha512};

use crate::curve::Affine;
use crate::fp::Fp;
use crate::g1::G1Affine;
use crate::tower::Tower;

/// The tag of the suite, the same for every use; the protocol's domains are part of the message.
pub const DST: &[u8; 38] = b"BLS_SIG_ZZZG1_XMD:SHA-512_SVDW_RO_NUL_";
/// Bytes of the expanded message: two field elements of 105 bytes.
pub const EXPANDED_BYTES: usize = 210;
/// Bytes of SHA-512 input blocks.
const BLOCK: usize = 128;
/// `1 - u`, which clears the cofactor.
pub const COFACTOR: u64 = crate::scalar::U_ABS + 1;

/// The steps of one hash, for whoever checks intermediate values.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// The expanded message.
    pub expanded: [u8; EXPANDED_BYTES],
    /// Two field elements.
    pub u: [Fp; 2],
    /// The points they are mapped to.
    pub mapped: [G1Affine; 2],
    /// The sum of both, cofactor cleared; `None` is the identity, which no known message reaches.
    pub point: Option<G1Affine>,
}

/// Hashes `domain || message` to G1. `None` is the identity, which no known message reaches.
pub fn hash_to_g1(domain: &[u8], message: &[u8]) -> Option<G1Affine> {
    trace(domain, message).point
}

/// Hashes `domain || message` to G1 and keeps every step.
pub fn trace(domain: &[u8], message: &[u8]) -> Trace {
    let expanded = expand_message(domain, message);
    let (first, second) = expanded.split_at(EXPANDED_BYTES / 2);
    let u = [
        Fp::from_bytes_reduced(first),
        Fp::from_bytes_reduced(second),
    ];
    let mapped = map_to_curve(&u);
    let [q0, q1] = &mapped;
    let point = q0.add_public(q1).and_then(|sum| {
        sum.to_projective()
            .multiply_sparse(COFACTOR)
            .to_affine(true)
    });
    Trace {
        expanded,
        u,
        mapped,
        point,
    }
}

/// expand_message_xmd of RFC 9380 section 5.3.1 to 210 bytes.
pub fn expand_message(domain: &[u8], message: &[u8]) -> [u8; EXPANDED_BYTES] {
    let suffix = |hash: Sha512, index: u8| {
        hash.chain_update([index])
            .chain_update(DST)
            .chain_update([DST.len() as u8])
            .finalize()
    };
    let start = Sha512::new()
        .chain_update([0u8; BLOCK])
        .chain_update(domain)
        .chain_update(message)
        .chain_update((EXPANDED_BYTES as u16).to_be_bytes());
    let b0 = suffix(start, 0);
    let mut out = [0u8; EXPANDED_BYTES];
    let mut previous = [0u8; 64];
    for (chunk, index) in out.chunks_mut(64).zip(1u8..) {
        for (byte, mask) in previous.iter_mut().zip(&b0) {
            *byte ^= mask;
        }
        previous = suffix(Sha512::new().chain_update(previous), index).into();
        chunk.copy_from_slice(&previous[..chunk.len()]);
    }
    out
}

/// The map of RFC 9380 section 6.6.1 for both field elements, with one inversion. c1 = g(Z) = 9,
/// c2 = -Z/2 = -1, c3 = sqrt(-108) with even parity, c4 = -3.
fn map_to_curve(u: &[Fp; 2]) -> [G1Affine; 2] {
    let one = <Fp as Tower>::ONE;
    let terms = u.map(|u| {
        let square = Tower::mul(&Tower::sqr(&u), &Fp::from_u64(9));
        (Tower::sub(&one, &square), Tower::add(&one, &square))
    });
    let [d0, d1] = terms.map(|(minus, plus)| Tower::mul(&minus, &plus));
    let inverses = if Tower::is_zero(&d0) || Tower::is_zero(&d1) {
        [Tower::invert(&d0, true), Tower::invert(&d1, true)]
    } else {
        let both = Tower::invert(&Tower::mul(&d0, &d1), true);
        [Tower::mul(&both, &d1), Tower::mul(&both, &d0)]
    };
    let [t0, t1] = terms;
    let [i0, i1] = inverses;
    [finish_map(&u[0], &t0, &i0), finish_map(&u[1], &t1, &i1)]
}

/// The candidates x1, x2, x3 in order; the first with a square g(x) is taken, and the last always is
/// one when the others are not.
fn finish_map(u: &Fp, (minus, plus): &(Fp, Fp), inverse: &Fp) -> G1Affine {
    let one = <Fp as Tower>::ONE;
    let step = Tower::mul(
        &Tower::mul(u, minus),
        &Tower::mul(inverse, sqrt_minus_108()),
    );
    let g = |x: &Fp| Tower::add(&Tower::mul(&Tower::sqr(x), x), &one);
    let x1 = Tower::sub(&Tower::neg(&one), &step);
    let x2 = Tower::sub(&step, &one);
    let (x, square) = if Tower::is_square(&g(&x1)) {
        (x1, g(&x1))
    } else if Tower::is_square(&g(&x2)) {
        (x2, g(&x2))
    } else {
        let ratio = Tower::mul(&Tower::sqr(plus), inverse);
        let fraction = Tower::mul(&Tower::sqr(&ratio), &Fp::from_u64(3));
        let x3 = Tower::sub(&Fp::from_u64(2), &fraction);
        (x3, g(&x3))
    };
    let y = Tower::mul(&square, &square.pow_root());
    let y = if y.parity() == u.parity() {
        y
    } else {
        Tower::neg(&y)
    };
    Affine { x, y }
}

/// The root of -108 with even parity.
fn sqrt_minus_108() -> &'static Fp {
    static ROOT: OnceLock<Fp> = OnceLock::new();
    ROOT.get_or_init(|| {
        let square = Tower::neg(&Fp::from_u64(108));
        let root = Tower::mul(&square, &square.pow_root());
        if root.parity() == 0 {
            root
        } else {
            Tower::neg(&root)
        }
    })
}
