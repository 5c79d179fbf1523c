//! Medians of the operations on one core: `cargo run --release --example timing`.

use std::hint::black_box;
use std::time::Instant;

use bls48581::{
    PublicKey, SecretKey, Signature, aggregate_keys, aggregate_signatures, g1, g2, hash_to_curve,
    verify, verify_decoded,
};

/// Prints the median of `count` runs in microseconds.
fn time<T>(name: &str, count: usize, mut run: impl FnMut() -> T) {
    let mut samples: Vec<f64> = (0..count)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    println!("{name:32} {:10.1} us", samples[count / 2]);
}

fn main() {
    let secret = SecretKey::generate(&[7; 64]).expect("the key is not zero");
    let key = secret.public_key();
    let (message, domain) = ([3u8; 40], b"global");
    let signature = secret.sign(&message, domain);
    let bytes = key.to_bytes();
    assert!(
        verify(&bytes, &signature, &message, domain),
        "a good signature verifies"
    );
    let point = g2::decode(&bytes).expect("a key decodes");
    let signature_point = g1::decode(&signature).expect("a signature decodes");
    let keys = vec![key.clone(); 100];
    let signatures = vec![Signature::from_bytes(&signature).expect("a signature"); 100];

    time("verify", 60, || {
        verify(&bytes, &signature, &message, domain)
    });
    time("verify, key prepared", 60, || {
        verify_decoded(&key, &signature, &message, domain)
    });
    time("sign", 100, || secret.sign(&message, domain));
    time("public key", 40, || secret.public_key());
    time("hash to G1", 100, || {
        hash_to_curve::hash_to_g1(domain, &message)
    });
    time("G1 decode, on curve", 100, || {
        g1::decode_on_curve(&signature)
    });
    time("G1 subgroup test", 100, || {
        g1::is_in_subgroup(&signature_point)
    });
    time("G2 decode, on curve", 100, || g2::decode_on_curve(&bytes));
    time("G2 subgroup test", 100, || g2::is_in_subgroup(&point));
    time("G2 lines and subgroup test", 100, || {
        bls48581::pairing::Prepared::of(&point)
    });
    time("G2 decode", 60, || PublicKey::from_bytes(&bytes));
    time("aggregate 100 keys", 20, || aggregate_keys(&keys));
    time("aggregate 100 signatures", 40, || {
        aggregate_signatures(&signatures)
    });
}
