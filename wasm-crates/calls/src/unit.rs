//! The calibration unit of the benchmarks: one 2048-bit Montgomery multiplication of `crypto-bigint` (docs/benchmarks.md).
//!
//! It exists so that figures of different machines and builds can be compared; nothing else uses that library.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{ConstOne, Odd, U2048};
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::sync::OnceLock;

type Element = FixedMontyForm<{ U2048::LIMBS }>;

struct Chain {
    x: Element,
    y: Element,
}

/// 2048 bits, big-endian: SHA-256(label || u8 0) || .. || SHA-256(label || u8 7).
fn expand(label: &str) -> [u8; 256] {
    let mut bytes = [0; 256];
    for (index, chunk) in bytes.chunks_exact_mut(32).enumerate() {
        let counter = u8::try_from(index).unwrap_or(u8::MAX);
        chunk.copy_from_slice(
            &Sha256::new()
                .chain_update(label)
                .chain_update([counter])
                .finalize(),
        );
    }
    bytes
}

fn chain() -> &'static Chain {
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let mut modulus = expand("petal-unit");
        modulus[0] |= 0x80;
        modulus[255] |= 1;
        let modulus = Odd::new(U2048::from_be_slice(&modulus)).unwrap_or(Odd::<U2048>::ONE);
        let parameters = FixedMontyParams::new_vartime(modulus);
        let element = |label| Element::new(&U2048::from_be_slice(&expand(label)), &parameters);
        Chain {
            x: element("petal-unit-x"),
            y: element("petal-unit-y"),
        }
    })
}

/// The dependent chain x <- x * y; never inlined, so that every caller times the same code. The answer keeps the work alive.
#[inline(never)]
#[must_use]
pub fn run(iterations: u32) -> u32 {
    let Chain { x, y } = chain();
    let mut x = *x;
    for _ in 0..iterations {
        x = black_box(x).mul(y);
    }
    u32::try_from(x.as_montgomery().as_words()[0] & 0xffff_ffff).unwrap_or_default()
}
