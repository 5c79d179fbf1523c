//! The figures of the store on this machine: `cargo run --release -p store --example timing -- [leaves] [directory]`.
//!
//! A model of records, not a built tree: slim branches of 320 or 170 bytes, leaves of 330, the layout of a tree with four levels of
//! branches; frames of 2,000 random leaves with the branches above them, the newest 64 generations kept. The last figure starts this program
//! again and kills it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use store::{
    BulkBatch, Durability, FrameBatch, NodeKey, NodePut, Options, Read, RootRecord, Store, TreeId,
};

const TREE: TreeId = TreeId(0);
const LEAVES_PER_FRAME: usize = 2_000;
const FRAMES: u64 = 96;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// Path of a leaf: three branch levels, then its own slot.
fn path(leaf: u64) -> Vec<u8> {
    let spread = leaf.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..4)
        .map(|level| (spread >> (58 - 6 * level)) as u8 & 63)
        .chain([
            (leaf & 63) as u8,
            (leaf >> 6 & 63) as u8,
            (leaf >> 12 & 63) as u8,
        ])
        .collect()
}

fn record(random: &mut Random, depth: usize) -> Vec<u8> {
    random.bytes(match depth {
        0..3 => 320,
        3 => 170,
        _ => 330,
    })
}

/// Generation of every node by path.
type Nodes = BTreeMap<Vec<u8>, u64>;

fn above(leaf: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..4).map(|depth| &leaf[..depth])
}

fn frame(number: u64, leaves: u64, nodes: &mut Nodes, random: &mut Random) -> (FrameBatch, usize) {
    let mut changed = BTreeMap::new();
    for _ in 0..LEAVES_PER_FRAME {
        let leaf = path(random.next() % leaves);
        for branch in above(&leaf) {
            changed.insert(branch.to_vec(), branch.len());
        }
        let depth = leaf.len();
        changed.insert(leaf, depth);
    }
    let mut batch = FrameBatch {
        number,
        header: Some(random.bytes(17_000)),
        ..FrameBatch::default()
    };
    let mut bytes = 17_000;
    for (path, depth) in changed {
        if let Some(generation) = nodes.insert(path.clone(), number) {
            batch.stale_nodes.push(NodeKey {
                generation,
                tree: TREE,
                path: path.clone(),
            });
        }
        let record = record(random, depth);
        bytes += record.len() + path.len() + 12;
        batch.nodes.push(NodePut {
            tree: TREE,
            path,
            record,
        });
    }
    let root = RootRecord {
        node_generation: Some(number),
        record: random.bytes(100),
    };
    batch.roots.push((TREE, root));
    (batch, bytes)
}

fn options() -> Options {
    Options {
        ballast_bytes: 0,
        ..Options::new([1; 16])
    }
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{name}: p50 {:?}, p95 {:?}, max {:?}",
        at(50),
        at(95),
        at(100)
    );
}

fn main() {
    let leaves: u64 = std::env::args()
        .nth(1)
        .map_or(1_000_000, |n| n.parse().expect("a number of leaves"));
    if let Ok(directory) = std::env::var("STORE_TIMING_CHILD") {
        return write_until_killed(Path::new(&directory), leaves);
    }
    let held = tempfile::tempdir().expect("a directory");
    let directory = std::env::args()
        .nth(2)
        .map_or(held.path().to_owned(), Into::into);
    let mut random = Random(7);
    let mut nodes = Nodes::new();
    let store = Store::open(&directory, options()).expect("open");
    store.intern(&[b"timing".to_vec()]).expect("intern");
    load(&store, leaves, &mut nodes, &mut random);

    let (mut commits, mut prunes, mut logical) = (Vec::new(), Vec::new(), 0);
    let (mut written, mut commit_cpu, mut prune_cpu) = (0, Vec::new(), Vec::new());
    for number in 2..2 + FRAMES {
        let (batch, bytes) = frame(number, leaves, &mut nodes, &mut random);
        let before = store.written_bytes();
        let cpu = processor();
        let started = Instant::now();
        store.commit_frame(&batch).expect("frame");
        commits.push(started.elapsed());
        commit_cpu.push(processor() - cpu);
        written += store.written_bytes() - before;
        logical += bytes as u64;
        if number % 16 == 0 {
            let (started, cpu) = (Instant::now(), processor());
            let pruned = store.prune(0, 100).expect("prune");
            if pruned.deleted > 0 {
                prunes.push(started.elapsed());
                prune_cpu.push(processor() - cpu);
            }
        }
    }
    show("frame batch of 2,000 leaves", commits);
    show("the same on the processor", commit_cpu);
    println!(
        "bytes written per logical byte in frames: {:.1} ({} KB of {} KB per frame)",
        written as f64 / logical as f64,
        written / FRAMES / 1000,
        logical / FRAMES / 1000
    );
    if !prunes.is_empty() {
        show("prune of 16 frames", prunes);
        show("the same on the processor", prune_cpu);
    }
    reads(&store, &nodes, leaves, &mut random);
    println!("memory: {} MB resident", resident());
    drop(store);
    kill_and_reopen(&directory, leaves);
    let started = Instant::now();
    let store = Store::open(&directory, options()).expect("open");
    println!("reopening after a clean close: {:?}", started.elapsed());
    println!("{:?}", store.stats().expect("stats"));
}

fn load(store: &Store, leaves: u64, nodes: &mut Nodes, random: &mut Random) {
    for leaf in 0..leaves {
        let leaf = path(leaf);
        for branch in above(&leaf) {
            nodes.insert(branch.to_vec(), 1);
        }
        nodes.insert(leaf, 1);
    }
    let started = Instant::now();
    let paths: Vec<_> = nodes.keys().cloned().collect();
    for chunk in paths.chunks(20_000) {
        let nodes = chunk
            .iter()
            .map(|path| NodePut {
                tree: TREE,
                path: path.clone(),
                record: record(random, path.len()),
            })
            .collect();
        store
            .write_bulk(
                &BulkBatch {
                    generation: 1,
                    nodes,
                    ..BulkBatch::default()
                },
                Durability::Relaxed,
            )
            .expect("bulk");
    }
    let root = RootRecord {
        node_generation: Some(1),
        record: Vec::new(),
    };
    store
        .commit_frame(&FrameBatch {
            number: 1,
            roots: vec![(TREE, root)],
            ..FrameBatch::default()
        })
        .expect("first frame");
    println!(
        "bulk load of {leaves} leaves, {} nodes: {:?}",
        nodes.len(),
        started.elapsed()
    );
}

fn reads(store: &Store, nodes: &Nodes, leaves: u64, random: &mut Random) {
    let snapshot = store.snapshot().expect("snapshot");
    let keys_of = |leaf: Vec<u8>| -> Vec<NodeKey> {
        above(&leaf)
            .map(<[u8]>::to_vec)
            .chain([leaf.clone()])
            .map(|path| NodeKey {
                generation: nodes[&path],
                tree: TREE,
                path,
            })
            .collect()
    };
    let hot: Vec<_> = (0..2_000)
        .map(|_| keys_of(path(random.next() % leaves)))
        .collect();
    for (name, rounds) in [
        ("path of 5 nodes, first read", 1),
        ("path of 5 nodes, warm", 3),
    ] {
        let mut times = Vec::new();
        for _ in 0..rounds {
            for keys in &hot {
                let started = Instant::now();
                let found = snapshot.nodes(keys).expect("nodes");
                times.push(started.elapsed());
                assert!(found.iter().all(Option::is_some));
            }
        }
        show(name, times);
    }
}

/// Time on a processor of this thread, which does all the work: what a busy machine leaves comparable.
fn processor() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = spent.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1000
}

fn write_until_killed(directory: &Path, leaves: u64) {
    let store = Store::open(directory, options()).expect("open");
    let (mut random, mut nodes) = (Random(9), Nodes::new());
    let head = store.head().expect("head").unwrap_or(0);
    for number in head + 1.. {
        let batch = frame(number, leaves, &mut nodes, &mut random).0;
        store.commit_frame(&batch).expect("frame");
        println!("{number}");
    }
}

fn kill_and_reopen(directory: &Path, leaves: u64) {
    let mut times = Vec::new();
    for _ in 0..5 {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .arg(leaves.to_string())
            .env("STORE_TIMING_CHILD", directory)
            .stdout(Stdio::null())
            .spawn()
            .expect("child");
        std::thread::sleep(Duration::from_millis(700));
        child.kill().expect("kill");
        child.wait().expect("wait");
        let started = Instant::now();
        let store = Store::open(directory, options()).expect("open");
        times.push(started.elapsed());
        drop(store);
    }
    show("reopening after a kill", times);
}
