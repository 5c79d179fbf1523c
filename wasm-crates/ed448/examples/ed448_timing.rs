//! Medians and minima of the operations on one core: `cargo run --release -p ed448 --example ed448_timing`.

use ed448::decaf::{self, Point, Scalar};
use ed448::field::{Element, lanes::Lanes};
use ed448::{agreement, public_key, sign, verify};
use std::hint::black_box;
use std::time::Instant;

/// Prints median and minimum of `count` samples of `inner` runs each, in microseconds a run.
fn time<T>(name: &str, count: usize, inner: u32, mut run: impl FnMut() -> T) {
    let mut samples: Vec<f64> = (0..count)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..inner {
                black_box(run());
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(inner)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    println!(
        "{name:24} {:10.3} us, at least {:10.3} us",
        samples[count / 2],
        samples[0]
    );
}

fn main() {
    let seed = [7u8; 57];
    let message = [3u8; 64];
    let key = public_key(&seed).expect("a seed");
    let signature = sign(&seed, &message).expect("a seed");
    assert!(
        verify(&key, &message, &signature),
        "a good signature verifies"
    );
    let bytes = [0x5a; 56];
    let (words, lanes) = (Element::from_bytes(&bytes), Lanes::from_bytes(&bytes));
    time("field product", 101, 2000, || black_box(&words).mul(&words));
    time("field square", 101, 2000, || black_box(&words).square());
    time("field product, lanes", 101, 2000, || {
        black_box(&lanes).mul(&lanes)
    });
    time("field square, lanes", 101, 2000, || {
        black_box(&lanes).square()
    });
    time("field inverse", 101, 20, || black_box(&words).invert());
    time("public key", 101, 5, || public_key(&seed));
    time("sign", 101, 5, || sign(&seed, &message));
    time("verify", 101, 5, || verify(&key, &message, &signature));
    time("agreement", 101, 5, || agreement::agree(&bytes, &key));
    let scalar = Scalar::from_bytes(&bytes);
    let point = Point::multiply_generator(&scalar);
    let encoded = point.encode();
    time("scalar product", 101, 200, || scalar.multiply(&scalar));
    time("decaf decode", 101, 5, || Point::decode(&encoded));
    time("decaf encode", 101, 5, || point.encode());
    time("decaf agree", 101, 5, || decaf::agree(&scalar, &point));
    let simple = decaf::sign(&scalar, &message, &[]).expect("signs");
    time("simple sign", 101, 5, || {
        decaf::sign(&scalar, &message, &[])
    });
    time("simple verify", 101, 5, || {
        decaf::verify(&encoded, &message, &simple)
    });
}
