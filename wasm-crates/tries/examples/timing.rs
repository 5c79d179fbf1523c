//! CPU cost of trees: insert and commit, updates, proofs, blobs. `cargo run --release -p tries --features prove --example timing [most leaves]`.

use std::time::Instant;
use tries::proof::{self, Claim};
use tries::{Leaf, MemoryStore, Size, Tree};

fn leaf(number: u64, round: u64) -> Leaf {
    // Any well-spread 32 bytes: the leaf hash of this very crate.
    let key = tries::leaf_commitment(&number.to_be_bytes(), b"key")[..32].to_vec();
    let value = tries::leaf_commitment(&number.to_be_bytes(), &round.to_be_bytes()).to_vec();
    let size = Size::from(value.len() as u64);
    Leaf {
        key,
        value,
        size,
        ..Leaf::default()
    }
}

/// Nanoseconds this thread has run, where the system tells.
fn cpu_nanos() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Prints wall and CPU time of one run. Without the feature `parallel` all work is done by this thread.
fn timed<T>(name: &str, times: u32, mut work: impl FnMut() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu_nanos());
    let mut result = work();
    for _ in 1..times {
        result = work();
    }
    let millis = start.elapsed().as_secs_f64() * 1e3 / f64::from(times);
    let ran = cpu_nanos()
        .zip(cpu)
        .map(|(end, start)| (end - start) / 1e6 / f64::from(times));
    println!(
        "{name:55} {millis:12.3} ms wall {:12.3} ms CPU",
        ran.unwrap_or(millis)
    );
    result
}

fn main() {
    let most: u64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    timed("tables of the committer", 1, || {
        kzg::committer().map(|_| ())
    })
    .unwrap();
    for count in [1_000u64, 10_000, 100_000, 1_000_000] {
        if count > most {
            break;
        }
        println!("-- {count} leaves");
        let store = MemoryStore::default();
        let mut tree = Tree::over(store.clone());
        timed("insert", 1, || {
            (0..count).for_each(|n| {
                tree.insert(leaf(n, 0)).unwrap();
            })
        });
        timed("commit", 1, || tree.commit().unwrap());
        let changes = timed("records of all nodes", 1, || tree.take_changes(1).unwrap());
        store.apply(&changes);
        let bytes: usize = changes.nodes.iter().map(|(_, record)| record.len()).sum();
        println!(
            "{:55} {:12} bytes",
            format!("{} records", changes.nodes.len()),
            bytes
        );
        let updates = 2_000.min(count / 2);
        let step = count / updates;
        timed(&format!("{updates} updates"), 1, || {
            (0..updates).for_each(|n| {
                tree.insert(leaf(n * step, 1)).unwrap();
            });
        });
        timed("commit of the updates, nodes in memory", 1, || {
            tree.commit().unwrap()
        });
        let mut opened = Tree::open(store.clone(), &changes.root);
        timed(
            &format!("{updates} updates of a tree just opened"),
            1,
            || {
                (0..updates).for_each(|n| {
                    opened.insert(leaf(n * step, 1)).unwrap();
                });
            },
        );
        let root = timed(
            "commit of the updates, nodes loaded from records",
            1,
            || opened.commit().unwrap(),
        );
        assert_eq!(tree.root().unwrap(), root);
        let changed = timed("records of the updates", 1, || {
            opened.take_changes(2).unwrap()
        });
        let bytes: usize = changed.nodes.iter().map(|(_, record)| record.len()).sum();
        println!(
            "{:55} {:12} bytes",
            format!("{} records", changed.nodes.len()),
            bytes
        );
        store.apply(&changed);
        let opened = Tree::open(store, &changed.root);
        let keys: Vec<Vec<u8>> = (0..8).map(|n| leaf(n * 7, 0).key).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        for (number, tree) in [(1, &tree), (8, &tree)] {
            let keys = &keys[..number];
            let proof = timed(&format!("prove {number} keys, nodes in memory"), 5, || {
                tree.prove(keys).unwrap()
            });
            timed(
                &format!("prove {number} keys, nodes from records"),
                5,
                || opened.prove(keys).unwrap(),
            );
            let claims: Vec<Claim<'_>> =
                keys.iter().map(|key| Claim { key, hashed: None }).collect();
            timed(&format!("verify {number} keys"), 5, || {
                proof::verify(root.as_bytes(), &claims, &proof).unwrap()
            });
        }
        if count <= 100_000 {
            let blob = timed("write the blob", 1, || tree.to_blob().unwrap());
            timed("read the blob", 1, || Tree::from_blob(&blob).unwrap());
        }
    }
}
