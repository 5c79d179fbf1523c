//! Vector files, and trees of seeds.
#![allow(dead_code)]

use serde_json::Value;
use std::collections::BTreeMap;
use tries::{Leaf, NodeStore, PageLimit, Size, Start, Tree};

/// The cases of `tries/<name>.json`; never none.
pub fn cases(name: &str) -> Vec<Value> {
    let root = env!("CARGO_MANIFEST_DIR");
    let file = format!("{root}/../../test/vectors/tries/{name}.json");
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let cases = document["cases"].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

pub fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap()
}

pub fn hex_of(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// The leaf of an insert operation.
pub fn leaf(operation: &Value) -> Leaf {
    Leaf {
        key: bytes(operation, "key"),
        value: bytes(operation, "value"),
        hash_target: match operation.get("hash_target") {
            Some(_) => bytes(operation, "hash_target"),
            None => Vec::new(),
        },
        size: Size::from(operation["size"].as_u64().unwrap()),
    }
}

pub const PAGE: PageLimit = PageLimit {
    leaves: 1000,
    bytes: usize::MAX,
};

/// A small generator: the same seed gives the same tree.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    /// Four bytes, of which the first two take few values, so that prefixes and splits occur.
    pub fn key(&mut self) -> Vec<u8> {
        vec![
            (self.next() % 3) as u8 * 80,
            (self.next() % 4) as u8,
            self.next() as u8,
            self.next() as u8,
        ]
    }

    pub fn leaf(&mut self) -> Leaf {
        let key = self.key();
        self.leaf_of(key)
    }

    pub fn leaf_of(&mut self, key: Vec<u8>) -> Leaf {
        let mut value = self.next().to_be_bytes().to_vec();
        if self.next().is_multiple_of(7) {
            value.resize(1500, 9);
        }
        let hash_target = match self.next() % 3 {
            0 => vec![self.next() as u8; 74],
            _ => Vec::new(),
        };
        Leaf {
            key,
            value,
            hash_target,
            size: Size::from(self.next()),
        }
    }
}

pub fn distinct(seed: u64, count: usize) -> Vec<Leaf> {
    let mut seeded = Seeded(seed);
    let mut leaves = BTreeMap::new();
    while leaves.len() < count {
        let leaf = seeded.leaf();
        leaves.insert(leaf.key.clone(), leaf);
    }
    leaves.into_values().collect()
}

pub fn tree_of(leaves: &[Leaf]) -> Tree {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.insert(leaf.clone()).unwrap();
    }
    tree
}

pub fn all_leaves<S: NodeStore>(tree: &Tree<S>) -> Vec<Leaf> {
    let mut found = Vec::new();
    let limit = PageLimit {
        leaves: 7,
        bytes: usize::MAX,
    };
    let mut start = 0;
    loop {
        let page = tree.leaves(&[], Start::Index(start), limit).unwrap();
        found.extend(page.leaves);
        match page.next {
            Some(next) => start = next,
            None => return found,
        }
    }
}
