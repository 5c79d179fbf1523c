//! Medians of every step on one core, in milliseconds and in units (docs/benchmarks.md):
//! `cargo run --release -p kzg --all-features --example timing [portable]`.

use std::hint::black_box;
use std::time::Instant;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{ConstOne, Odd, U2048};
use kzg::{Committer, Opening, Slot, Statement, committer, encode, multiprove, open};
use kzg::{Update, VerifierSetup, verify_multiproof, verify_opening};
use sha2::{Digest, Sha256};

type Element = FixedMontyForm<{ U2048::LIMBS }>;

/// Multiplications of one sample of the unit.
const CHAIN: u32 = 2_000;

fn expand(label: &str) -> [u8; 256] {
    let mut bytes = [0; 256];
    for (chunk, index) in bytes.chunks_exact_mut(32).zip(0u8..) {
        chunk.copy_from_slice(
            &Sha256::new()
                .chain_update(label)
                .chain_update([index])
                .finalize(),
        );
    }
    bytes
}

fn elements() -> (Element, Element) {
    let mut modulus = expand("petal-unit");
    modulus[0] |= 0x80;
    modulus[255] |= 1;
    let modulus = Odd::new(U2048::from_be_slice(&modulus)).unwrap_or(Odd::<U2048>::ONE);
    let parameters = FixedMontyParams::new_vartime(modulus);
    let element = |label| Element::new(&U2048::from_be_slice(&expand(label)), &parameters);
    (element("petal-unit-x"), element("petal-unit-y"))
}

/// Microseconds of one unit, never inlined so that every sample times the same code.
#[inline(never)]
fn unit((x, y): &(Element, Element)) -> f64 {
    let start = Instant::now();
    let mut x = *x;
    for _ in 0..CHAIN {
        x = black_box(x).mul(y);
    }
    black_box(x);
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CHAIN)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// Prints the median of `count` runs, set against `reference` units of the reference.
fn time<T>(name: &str, count: usize, reference: f64, mut run: impl FnMut() -> T) {
    let elements = elements();
    let (mut millis, mut units) = (Vec::new(), Vec::new());
    let mut before = unit(&elements);
    for _ in 0..count {
        let start = Instant::now();
        black_box(run());
        let elapsed = start.elapsed().as_secs_f64();
        let after = unit(&elements);
        millis.push(elapsed * 1e3);
        units.push(elapsed * 1e6 / ((before + after) / 2.0));
        before = after;
    }
    let (millis, units) = (median(millis), median(units));
    println!(
        "{name:36} {millis:9.3} ms {units:10.0} u   {:6.1} x",
        reference / units
    );
}

fn slot(label: u64) -> Slot {
    let mut slot = [0; 64];
    for (half, index) in slot.chunks_mut(32).zip(0u8..) {
        half.copy_from_slice(
            &Sha256::new()
                .chain_update(label.to_be_bytes())
                .chain_update([index])
                .finalize(),
        );
    }
    slot
}

fn main() -> Result<(), kzg::KzgError> {
    if std::env::args().any(|argument| argument == "portable") {
        limbs::wide::set_portable(true);
    }
    time(
        "verifier set-up, first use",
        1,
        233_500.0,
        VerifierSetup::get,
    );
    time("tables of 64 Lagrange points", 3, 233_500.0, || {
        Committer::new(64)
    });
    let committer = committer()?;
    let vectors: Vec<Vec<(u8, Slot)>> = (0..64u64)
        .map(|v| {
            (0..64u8)
                .map(|i| (i, slot(64 * v + u64::from(i))))
                .collect()
        })
        .collect();
    let Some(full) = vectors.first() else {
        return Ok(());
    };
    let (two, sixteen) = (
        full.get(..2).unwrap_or(full),
        full.get(..16).unwrap_or(full),
    );
    time("commit, 64 slots", 30, 10_200.0, || committer.commit(full));
    time("commit, 16 slots", 30, 4_450.0, || {
        committer.commit(sixteen)
    });
    time("commit, 2 slots", 60, 2_112.0, || committer.commit(two));
    let point = committer.commit(full)?;
    time("update, 1 slot", 60, 2_112.0, || {
        committer.update(point, 9, &slot(9), &slot(7))
    });
    let changes = [(9, slot(9), slot(7))];
    let updates = [Update {
        before: point,
        changes: &changes,
    }; 64];
    time("64 updates of 1 slot", 10, 64.0 * 2_112.0, || {
        committer.update_many(&updates)
    });
    let twos = [two; 64];
    time("64 commits of 2 slots", 10, 64.0 * 2_112.0, || {
        committer.commit_many(&twos)
    });

    let all: Vec<&[(u8, Slot)]> = vectors.iter().map(Vec::as_slice).collect();
    let commitments: Vec<_> = committer.commit_many(&all)?.iter().map(encode).collect();
    let data: Vec<Vec<u8>> = vectors
        .iter()
        .map(|slots| slots.iter().flat_map(|(_, slot)| *slot).collect())
        .collect();
    let Some((first, commitment)) = data.first().zip(commitments.first()) else {
        return Ok(());
    };
    let value = slot(5);
    time("open", 20, 14_270.0, || open(first, 5, 64));
    let proof = open(first, 5, 64)?;
    time("verify opening", 20, 44_590.0, || {
        verify_opening(commitment, 5, &value, &proof, 64)
    });
    assert_eq!(verify_opening(commitment, 5, &value, &proof, 64), Ok(true));
    for (count, prove, verify) in [
        (1, 38_500.0, 45_570.0),
        (8, 81_540.0, 47_820.0),
        (64, 428_700.0, 61_940.0),
    ] {
        let index = |j: u64| (7 * j + 3) % 64;
        let openings: Vec<Opening<'_>> = commitments
            .iter()
            .zip(&data)
            .zip(0..count)
            .map(|((commitment, data), j)| Opening {
                commitment,
                data,
                index: index(j),
            })
            .collect();
        time(&format!("multiproof prove {count}"), 10, prove, || {
            multiprove(&openings, 64)
        });
        let multiproof = multiprove(&openings, 64)?;
        let values: Vec<Slot> = (0..count).map(|j| slot(64 * j + index(j))).collect();
        let statements: Vec<Statement<'_>> = openings
            .iter()
            .zip(&values)
            .map(|(opening, value)| Statement {
                commitment: opening.commitment,
                index: opening.index,
                value,
            })
            .collect();
        let kzg::Multiproof {
            multicommitment,
            proof,
        } = multiproof;
        time(&format!("multiproof verify {count}"), 20, verify, || {
            verify_multiproof(&statements, &multicommitment, &proof, 64)
        });
        assert_eq!(
            verify_multiproof(&statements, &multicommitment, &proof, 64),
            Ok(true)
        );
    }
    Ok(())
}
