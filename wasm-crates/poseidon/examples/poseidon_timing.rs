//! Time of the first and of later hashes of a VDF output (516 bytes).

use std::time::Instant;

fn main() {
    let message: Vec<u8> = (0..516u32).map(|i| (i * 7 + 1) as u8).collect();
    let start = Instant::now();
    let first = poseidon::hash_bytes(&message);
    println!("first {:?} ({})", start.elapsed(), first.is_ok());
    let mut times: Vec<_> = (0..501)
        .map(|_| {
            let start = Instant::now();
            let hash = poseidon::hash_bytes(std::hint::black_box(&message));
            assert!(std::hint::black_box(hash).is_ok());
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("median {:?}", times[250]);
}
