//! `sync/data_trees.json` and the answers of `sync/perform_sync.json` (spec 22 sections 3 and 5).

mod common;

use common::{bytes, file, text, verdict};
use hypergraph::{Hypergraph, PhaseSet, ServedLeaf, ShardKey, StateError};
use serde_json::Value;
use tries::{Leaf, Root, Size};

const ADDS: PhaseSet = PhaseSet::VERTEX_ADDS;

/// A leaf of a file; size and data may be left out.
fn leaf(value: &Value) -> ServedLeaf {
    let optional = |name: &str| value.get(name).map(bytes).unwrap_or_default();
    ServedLeaf {
        leaf: Leaf {
            key: bytes(&value["key"]),
            value: bytes(&value["value"]),
            hash_target: bytes(&value["hash_target"]),
            size: Size::from_be_bytes(&optional("size")).unwrap(),
        },
        underlying_data: optional("underlying_data"),
    }
}

fn shard_key(root: &Value) -> ShardKey {
    ShardKey::from_bytes(&bytes(&root["shard_key"])).unwrap()
}

fn pull(
    state: &mut Hypergraph,
    key: &ShardKey,
    leaves: Vec<ServedLeaf>,
    root: &Root,
) -> Result<(), StateError> {
    let mut replacement = state.replacement(key, ADDS)?;
    for leaf in leaves {
        replacement.push(leaf)?;
    }
    state.install(replacement, root)?;
    state.commit(1).map(drop)
}

#[test]
fn syn_06_data_trees_are_held_to_their_hash_targets() {
    let all = file("sync/data_trees.json");
    let key = shard_key(&all);
    let root = Root::from_bytes(&bytes(&all["root"])).unwrap();
    let leaves: Vec<ServedLeaf> = all["leaves"].as_array().unwrap().iter().map(leaf).collect();
    pull(&mut Hypergraph::new(), &key, leaves.clone(), &root).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let other = leaf(&case["leaf"]);
        let replaced = leaves.iter().map(|leaf| {
            let same = leaf.leaf.key == other.leaf.key;
            if same { other.clone() } else { leaf.clone() }
        });
        let outcome = pull(&mut Hypergraph::new(), &key, replaced.collect(), &root);
        if case.get("optional").is_none() {
            assert_eq!(outcome.is_ok(), verdict(case), "{}", case["name"]);
        }
    }
}

fn varint(at: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = at.split_first().unwrap();
        *at = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// Length-delimited fields of a protobuf message, by number.
fn fields(mut at: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    while !at.is_empty() {
        let tag = varint(&mut at);
        let value = varint(&mut at);
        if tag & 7 == 2 {
            let (bytes, rest) = at.split_at(usize::try_from(value).unwrap());
            at = rest;
            found.push((tag >> 3, bytes.to_vec()));
        }
    }
    found
}

/// Leaves of a HypergraphSyncResponse (spec 22 section 2).
fn leaves_of(wire: &[u8]) -> Vec<ServedLeaf> {
    let (_, page) = fields(wire)
        .into_iter()
        .find(|(number, _)| *number == 2)
        .unwrap();
    let leaves = fields(&page).into_iter().filter(|(number, _)| *number == 2);
    leaves
        .map(|(_, leaf)| {
            let all = fields(&leaf);
            let field = |wanted| {
                let found = all.iter().find(|(number, _)| *number == wanted);
                found.map(|(_, bytes)| bytes.clone()).unwrap_or_default()
            };
            ServedLeaf {
                leaf: Leaf {
                    key: field(1),
                    value: field(2),
                    hash_target: field(3),
                    size: Size::from_be_bytes(&field(4)).unwrap(),
                },
                underlying_data: field(5),
            }
        })
        .collect()
}

/// Every leaf that the file lists.
fn served_leaves(all: &Value) -> Vec<ServedLeaf> {
    let cases = all["cases"].as_array().unwrap().iter();
    cases
        .filter(|case| case["kind"] == "get_leaves")
        .flat_map(|case| leaves_of(&bytes(&case["response"]["wire"])))
        .collect()
}

#[test]
fn syn_02_branches_of_the_pulled_tree_are_the_listed_ones() {
    let all = file("sync/perform_sync.json");
    let key = shard_key(&all);
    let root = Root::from_bytes(&bytes(&all["root"])).unwrap();
    let leaves = served_leaves(&all);
    let mut state = Hypergraph::new();
    pull(&mut state, &key, leaves.clone(), &root).unwrap();
    let shard = state.shard(&key).unwrap();
    let mut answered = 0;
    for case in all["cases"].as_array().unwrap() {
        if case["kind"] != "get_branch" {
            continue;
        }
        let path: Vec<u8> = serde_json::from_value(case["path"].clone()).unwrap();
        let wanted = &case["response"];
        if wanted.get("error_expected").is_some() {
            // An unknown expected root is refused by who keeps the generations.
            if wanted["code"] == 3 {
                assert!(matches!(shard.branch(ADDS, &path), Err(StateError::NoNode)));
            }
            continue;
        }
        answered += 1;
        let got = shard.branch(ADDS, &path).unwrap();
        assert_eq!(
            wanted["commitment"],
            hex::encode(&got.commitment),
            "{}",
            case["name"]
        );
        assert_eq!(wanted["leaf_count"], got.leaf_count, "{}", case["name"]);
        assert_eq!(wanted["is_leaf"], got.is_leaf);
        assert_eq!(wanted["full_path"], serde_json::json!(got.full_path));
        let children: Vec<(u8, String)> = got
            .children
            .iter()
            .map(|(index, own)| (*index, hex::encode(own)))
            .collect();
        assert_eq!(wanted["children"], serde_json::json!(children));
    }
    assert!(answered >= 4);
}

#[test]
fn syn_03_pages_are_the_listed_ones_and_a_tampered_leaf_fails_the_pull() {
    let all = file("sync/perform_sync.json");
    let key = shard_key(&all);
    let root = Root::from_bytes(&bytes(&all["root"])).unwrap();
    let leaves = served_leaves(&all);
    let mut state = Hypergraph::new();
    pull(&mut state, &key, leaves.clone(), &root).unwrap();
    let shard = state.shard(&key).unwrap().into_owned();
    for case in all["cases"].as_array().unwrap() {
        match text(&case["kind"]) {
            "get_leaves" => {
                let path: Vec<u8> = serde_json::from_value(case["path"].clone()).unwrap();
                let token = text(&case["continuation_token"]);
                let from = u64::from_str_radix(token, 16).unwrap_or(0);
                let max = usize::try_from(case["max_leaves"].as_u64().unwrap()).unwrap();
                let page = shard.leaves(ADDS, &path, from, max, usize::MAX).unwrap();
                let wanted = &case["response"];
                let expected = leaves_of(&bytes(&wanted["wire"]));
                assert_eq!(page.leaves, expected, "{}", case["name"]);
                let next = page
                    .next
                    .map_or_else(String::new, |next| format!("{next:08x}"));
                assert_eq!(text(&wanted["continuation_token"]), next);
                assert_eq!(wanted["total_leaves"], page.total);
            }
            "tampered_leaf" => {
                let tampered = leaf(&case["leaf"]);
                let replaced = leaves.iter().map(|leaf| {
                    let same = leaf.leaf.key == tampered.leaf.key;
                    if same { tampered.clone() } else { leaf.clone() }
                });
                let before = state.roots(&key);
                assert!(pull(&mut state, &key, replaced.collect(), &root).is_err());
                assert_eq!(state.roots(&key), before);
            }
            _ => {}
        }
    }
    assert_eq!(leaves.len(), 90);
}
