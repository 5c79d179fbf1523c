//! Prints medians of the steps that matter, with the detected kernels and with the portable ones.
//!
//! `cargo run --release -p classgroup --example timing`

use classgroup::{
    Discriminant, DiscriminantSearch, Form, Progress, multi, solve_with, verify_with,
};
use limbs::wide::{Kernel, Wide, base2_euler, set_portable};
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;

/// Median of `repetitions` runs, in milliseconds.
fn median(repetitions: usize, mut step: impl FnMut()) -> f64 {
    let mut samples: Vec<f64> = (0..repetitions)
        .map(|_| {
            let start = Instant::now();
            step();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn quiet(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The 20 challenges of the baselines: SHA-256("petal-bench" || u8 i).
fn challenges() -> impl Iterator<Item = [u8; 32]> {
    (0..20u8).map(|i| {
        Sha256::new()
            .chain_update(b"petal-bench")
            .chain_update([i])
            .finalize()
            .into()
    })
}

fn discriminants(label: &str) {
    let mut times: Vec<f64> = challenges()
        .map(|challenge| {
            median(3, || {
                black_box(Discriminant::from_challenge(&challenge, 2048)).ok();
            })
        })
        .collect();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    times.sort_by(f64::total_cmp);
    println!(
        "discriminant, {label}: mean {mean:.2} ms, median {:.2}, shortest {:.2}, longest {:.2}",
        times[10], times[0], times[19]
    );
}

fn kernels() {
    let candidate: Wide = std::array::from_fn(|i| u64::MAX - i as u64 * 0x1234_5678);
    for kernel in Kernel::available() {
        let batch = vec![candidate; kernel.lanes()];
        let mut verdicts = vec![false; kernel.lanes()];
        let time = median(9, || {
            let _ = base2_euler(kernel, black_box(&batch), &mut verdicts, &mut || {
                ControlFlow::Continue(())
            });
        });
        println!(
            "primality test, {kernel:?}: {:.3} ms per candidate",
            time / kernel.lanes() as f64
        );
    }
}

fn main() {
    kernels();
    let setup = median(9, || {
        black_box(DiscriminantSearch::new(black_box(b"set-up"), 2048)).ok();
    });
    println!("set up a search: {setup:.2} ms");
    discriminants("detected kernels");
    set_portable(true);
    discriminants("portable kernels");
    set_portable(false);

    let Ok(d) = Discriminant::from_challenge(b"timing", 2048) else {
        return;
    };
    let g = Form::generator(&d).square_n(&d, 2000);
    let h = g.square_n(&d, 10);
    let squaring = median(21, || {
        black_box(g.square_n(&d, 1000));
    });
    println!("squaring: {squaring:.2} us");
    let composition = median(21, || {
        for _ in 0..1000 {
            black_box(g.multiply(&d, black_box(&h)));
        }
    });
    println!("composition: {composition:.2} us");
    println!(
        "power with 128 bits: {:.2} ms",
        median(21, || {
            black_box(g.power(&d, &[0xa7; 16]));
        })
    );
    for difficulty in [10_000, 50_000] {
        let mut output = None;
        let solve = median(1, || output = solve_with(&d, difficulty, &mut quiet).ok());
        let Some(output) = output else { return };
        let verify = median(21, || assert!(verify_with(&d, difficulty, &output)));
        println!(
            "after the discriminant, t = {difficulty}: solve {solve:.0} ms, verify {verify:.2} ms"
        );
    }
    let ids: Vec<&[u8]> = (b'0'..b'8')
        .map(|c| &b"01234567"[usize::from(c - b'0')..])
        .collect();
    let solve = |index| multi::solve_one_with(&d, b"timing", 1000, &ids, index, &mut quiet).ok();
    let one = median(5, || {
        solve(0);
    });
    let solutions: Vec<_> = (0..ids.len()).filter_map(solve).collect();
    let solutions: Vec<&[u8]> = solutions.iter().map(|s| &s[..]).collect();
    let all = median(11, || {
        assert!(multi::verify_with(&d, b"timing", 1000, &ids, &solutions))
    });
    println!(
        "after the discriminant, t = 1000: solve one id {one:.1} ms, verify 8 ids {all:.2} ms"
    );
}
