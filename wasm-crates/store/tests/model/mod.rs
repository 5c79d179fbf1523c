//! A small tree of slim records, whose every generation is known: what the store must give back.
//! Root -> 8 branches -> 16 leaves each; records name the generations of their children.

#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use store::{
    FrameBatch, KvOperation, NodeKey, NodePut, Options, Promise, Read, RootRecord, Snapshot, Store,
    TreeId, ValueKey, ValuePut,
};

pub const TREE: TreeId = TreeId(0);

/// Leaf (branch, index) -> value.
pub type State = BTreeMap<(u8, u8), Vec<u8>>;

pub fn options() -> Options {
    Options {
        cache_bytes: 4 << 20,
        ballast_bytes: 0,
        ..Options::new([7; 16])
    }
}

pub fn open(directory: &std::path::Path) -> Store {
    let store = Store::open(directory, options()).unwrap();
    assert_eq!(store.intern(&[b"tree".to_vec()]).unwrap(), [TREE]);
    store
}

/// xorshift64*
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}

/// The newest state with the generations of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub state: State,
    leaves: BTreeMap<(u8, u8), u64>,
    branches: BTreeMap<u8, u64>,
    root: Option<u64>,
}

const APART: usize = 1024;

fn branch_record(children: impl Iterator<Item = (u8, u64)>) -> Vec<u8> {
    let mut record = vec![b'B'];
    for (index, generation) in children {
        record.push(index);
        record.extend_from_slice(&generation.to_be_bytes());
    }
    record
}

impl Model {
    /// Frame `number` over this state: always the same for the same two.
    pub fn frame(&mut self, number: u64) -> FrameBatch {
        let mut random = Random::new(number);
        let mut batch = FrameBatch {
            number,
            header: Some(format!("header {number}").into_bytes()),
            certificate: (!number.is_multiple_of(3))
                .then(|| format!("certificate {number}").into_bytes()),
            cursors: vec![(b"registry".to_vec(), number.to_be_bytes().to_vec())],
            kv: vec![KvOperation::Put {
                key: b"last".to_vec(),
                value: number.to_be_bytes().to_vec(),
            }],
            ..FrameBatch::default()
        };
        let mut touched = BTreeSet::new();
        let mut changed = BTreeSet::new();
        for _ in 0..1 + random.below(20) {
            let at = (random.below(8) as u8, random.below(16) as u8);
            if !changed.insert(at) {
                continue;
            }
            touched.insert(at.0);
            self.forget_leaf(at, &mut batch);
            if random.below(5) == 0 {
                self.state.remove(&at);
                self.leaves.remove(&at);
                continue;
            }
            let length = if random.below(8) == 0 { 1500 } else { 20 };
            let mut value = format!("{number} {at:?} ").into_bytes();
            value.resize(length, b'.');
            let mut record = vec![b'L'];
            if value.len() > APART {
                record = vec![b'A'];
                record.extend_from_slice(&number.to_be_bytes());
                batch.values.push(ValuePut {
                    tree: TREE,
                    key: vec![at.0, at.1],
                    value: value.clone(),
                });
            } else {
                record.extend_from_slice(&value);
            }
            batch.nodes.push(NodePut {
                tree: TREE,
                path: vec![at.0, at.1],
                record,
            });
            self.state.insert(at, value);
            self.leaves.insert(at, number);
        }
        for branch in touched {
            if let Some(generation) = self.branches.remove(&branch) {
                batch.stale_nodes.push(node(generation, &[branch]));
            }
            let children: Vec<_> = self
                .leaves
                .range((branch, 0)..=(branch, 255))
                .map(|(at, generation)| (at.1, *generation))
                .collect();
            if !children.is_empty() {
                self.branches.insert(branch, number);
                batch.nodes.push(NodePut {
                    tree: TREE,
                    path: vec![branch],
                    record: branch_record(children.into_iter()),
                });
            }
        }
        if let Some(generation) = self.root.take() {
            batch.stale_nodes.push(node(generation, &[]));
        }
        if !self.branches.is_empty() {
            self.root = Some(number);
            batch.nodes.push(NodePut {
                tree: TREE,
                path: Vec::new(),
                record: branch_record(self.branches.iter().map(|(b, g)| (*b, *g))),
            });
        }
        let root = RootRecord {
            node_generation: self.root,
            record: format!("root {number}").into_bytes(),
        };
        batch.roots.push((TREE, root));
        batch
    }

    fn forget_leaf(&self, at: (u8, u8), batch: &mut FrameBatch) {
        let Some(&generation) = self.leaves.get(&at) else {
            return;
        };
        batch.stale_nodes.push(node(generation, &[at.0, at.1]));
        if self.state[&at].len() > APART {
            batch.stale_values.push(ValueKey {
                generation,
                tree: TREE,
                key: vec![at.0, at.1],
            });
        }
    }

    /// The tree of `generation`, in one view.
    pub fn read(store: &Store, generation: u64) -> store::Result<Self> {
        Self::walk(&store.snapshot()?, generation)
    }

    /// Walks the tree of `generation`.
    pub fn walk(from: &Snapshot, generation: u64) -> store::Result<Self> {
        let mut model = Self::default();
        let Some((_, root)) = from.root(TREE, generation)? else {
            return Ok(model);
        };
        model.root = root.node_generation;
        let Some(root) = model.root else {
            return Ok(model);
        };
        for (branch, at) in children(&from.promised_node(&node(root, &[]))?) {
            model.branches.insert(branch, at);
            for (index, at) in children(&from.promised_node(&node(at, &[branch]))?) {
                let record = from.promised_node(&node(at, &[branch, index]))?;
                let value = match record.split_first() {
                    Some((b'L', value)) => value.to_vec(),
                    Some((b'A', generation)) => from.promised_value(&ValueKey {
                        generation: u64::from_be_bytes(generation.try_into().unwrap()),
                        tree: TREE,
                        key: vec![branch, index],
                    })?,
                    _ => panic!("not a leaf: {record:?}"),
                };
                model.state.insert((branch, index), value);
                model.leaves.insert((branch, index), at);
            }
        }
        Ok(model)
    }
}

pub fn node(generation: u64, path: &[u8]) -> NodeKey {
    NodeKey {
        generation,
        tree: TREE,
        path: path.to_vec(),
    }
}

fn children(record: &[u8]) -> Vec<(u8, u64)> {
    assert_eq!(record.first(), Some(&b'B'));
    record[1..]
        .chunks_exact(9)
        .map(|child| (child[0], u64::from_be_bytes(child[1..].try_into().unwrap())))
        .collect()
}

/// For `Store::verify`.
pub fn promises(key: &NodeKey, record: &[u8]) -> Result<Vec<Promise>, String> {
    match record.first() {
        Some(b'B') => Ok(children(record)
            .into_iter()
            .map(|(index, generation)| {
                let mut path = key.path.clone();
                path.push(index);
                Promise::Node(node(generation, &path))
            })
            .collect()),
        Some(b'A') => Ok(vec![Promise::Value(ValueKey {
            generation: u64::from_be_bytes(record[1..].try_into().map_err(|_| "length")?),
            tree: TREE,
            key: key.path.clone(),
        })]),
        Some(b'L') => Ok(Vec::new()),
        _ => Err("no tag".to_owned()),
    }
}

/// Writes frames up to `last`, starting behind the head; returns the state after each frame.
pub fn advance(store: &Store, model: &mut Model, last: u64) -> BTreeMap<u64, State> {
    let mut states = BTreeMap::new();
    for number in store.head().unwrap().map_or(1, |head| head + 1)..=last {
        store.commit_frame(&model.frame(number)).unwrap();
        states.insert(number, model.state.clone());
    }
    states
}

/// Everything the frame `number` wrote beside the tree.
pub fn check_beside(store: &impl Read, number: u64) {
    let header = format!("header {number}").into_bytes();
    assert_eq!(store.frame(number).unwrap(), Some(header));
    let certificate =
        (!number.is_multiple_of(3)).then(|| format!("certificate {number}").into_bytes());
    assert_eq!(store.certificate(number).unwrap(), certificate);
    let cursor = store.cursor(b"registry", number).unwrap();
    assert_eq!(cursor, Some(number.to_be_bytes().to_vec()));
}
