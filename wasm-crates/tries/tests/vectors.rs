//! The tries vectors, byte for byte.

mod support;

use serde_json::Value;
use sha2::{Digest, Sha512};
use support::{bytes, cases, hex_of, leaf, text};
use tries::proof::{
    self, Claim, ReferenceVerdict, SubProof, TraversalProof, decode_canonical, decode_plain,
};
use tries::{Tree, path};

/// Applies one operation and tells whether it did something.
fn apply(tree: &mut Tree, operation: &Value) -> bool {
    match text(operation, "op") {
        "insert" => tree.insert(leaf(operation)).is_ok(),
        "delete" => tree.delete(&bytes(operation, "key")).unwrap(),
        "commit" => tree.commit().is_ok(),
        other => panic!("unknown operation {other}"),
    }
}

fn apply_all(tree: &mut Tree, case: &Value) {
    for operation in case["operations"].as_array().unwrap() {
        let ok = operation.get("ok").is_none_or(|ok| ok == true);
        let before = tree.to_blob().unwrap();
        assert_eq!(apply(tree, operation), ok, "{}: {operation}", case["name"]);
        if !ok {
            assert_eq!(
                tree.to_blob().unwrap(),
                before,
                "{}: refused, so unchanged",
                case["name"]
            );
        }
    }
}

fn start(case: &Value) -> Tree {
    match case.get("start_blob").and_then(Value::as_str) {
        None | Some("") => Tree::new(),
        Some(blob) => Tree::from_blob(&hex::decode(blob).unwrap()).unwrap(),
    }
}

fn check_facts(tree: &Tree, case: &Value) {
    let name = &case["name"];
    assert_eq!(
        tree.leaf_count(),
        case["leaf_count"].as_i64().unwrap(),
        "{name}"
    );
    let longest = case["longest_branch"].as_i64().unwrap();
    assert_eq!(i64::from(tree.longest_branch()), longest, "{name}");
    assert_eq!(tree.size().to_string(), text(case, "total_size"), "{name}");
}

#[test]
fn cvt_05_paths() {
    for case in cases("nibbles") {
        let expected: Vec<u8> = serde_json::from_value(case["path"].clone()).unwrap();
        assert_eq!(path(&bytes(&case, "key")).elements(), expected);
    }
}

#[test]
fn cvt_06_trees_after_operations_and_a_commit() {
    for case in cases("trees") {
        let mut tree = Tree::new();
        apply_all(&mut tree, &case);
        if case.get("root").is_none() {
            continue;
        }
        let root = tree.commit().unwrap();
        assert_eq!(
            hex_of(root.as_bytes()),
            text(&case, "root"),
            "{}",
            case["name"]
        );
        check_facts(&tree, &case);
        let blob = tree.to_blob().unwrap();
        assert_eq!(
            blob.len() as u64,
            case["serialized_length"].as_u64().unwrap()
        );
        assert_eq!(
            hex_of(&Sha512::digest(&blob)),
            text(&case, "serialized_sha512")
        );
        if let Some(expected) = case.get("serialized") {
            assert_eq!(
                hex_of(&blob),
                expected.as_str().unwrap(),
                "{}",
                case["name"]
            );
        }
        let read = Tree::from_blob(&blob).unwrap();
        assert_eq!(read.to_blob().unwrap(), blob, "{}", case["name"]);
        assert!(tree.is_canonical().unwrap());
    }
}

#[test]
fn cvt_08_blobs() {
    for case in cases("blobs") {
        let name = &case["name"];
        let Some(inserts) = case.get("inserts") else {
            let refused = Tree::from_blob(&bytes(&case, "blob"));
            assert!(refused.is_err(), "{name}: {refused:?}");
            continue;
        };
        let mut tree = start(&case);
        for insert in inserts.as_array().unwrap() {
            tree.insert(leaf(insert)).unwrap();
        }
        if case["commit_before_serialise"] == true {
            tree.commit().unwrap();
        }
        assert_eq!(
            hex_of(&tree.to_blob().unwrap()),
            text(&case, "blob"),
            "{name}"
        );
    }
}

fn check_uncommitted(case: &Value) {
    let name = &case["name"];
    let mut tree = start(case);
    apply_all(&mut tree, case);
    assert_eq!(
        hex_of(&tree.to_blob().unwrap()),
        text(case, "blob"),
        "{name}: uncommitted"
    );
    let root = tree.commit().unwrap();
    assert_eq!(hex_of(root.as_bytes()), text(case, "root"), "{name}");
    assert_eq!(
        hex_of(&tree.to_blob().unwrap()),
        text(case, "blob_committed"),
        "{name}: committed"
    );
    check_facts(&tree, case);
}

#[test]
fn cvt_08_variant_r_without_a_commit() {
    cases("uncommitted").iter().for_each(check_uncommitted);
}

#[test]
fn cvt_08_conflicting_keys_are_refused() {
    cases("prefix_keys").iter().for_each(check_uncommitted);
}

fn proof_of(case: &Value) -> TraversalProof {
    let list = |value: &Value| -> Vec<Vec<u8>> {
        let items = value.as_array().unwrap().iter();
        items
            .map(|item| hex::decode(item.as_str().unwrap()).unwrap())
            .collect()
    };
    TraversalProof {
        multicommitment: bytes(case, "multicommitment"),
        proof: bytes(case, "proof"),
        sub_proofs: case["sub_proofs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|sub| SubProof {
                commits: list(&sub["commits"]),
                ys: list(&sub["ys"]),
                paths: serde_json::from_value(sub["paths"].clone()).unwrap(),
            })
            .collect(),
    }
}

fn keys_of(case: &Value) -> Vec<Vec<u8>> {
    let keys = case["keys"].as_array().unwrap().iter();
    keys.map(|key| hex::decode(key.as_str().unwrap()).unwrap())
        .collect()
}

#[test]
fn cvt_09_traversal_verdicts() {
    for case in cases("traversal") {
        let name = &case["name"];
        if case["proof_exists"] == false {
            continue;
        }
        let proof = proof_of(&case);
        let root = bytes(&case, "root");
        let keys = keys_of(&case);
        let claims: Vec<Claim<'_>> = keys.iter().map(|key| Claim { key, hashed: None }).collect();
        let verdict = proof::verify(&root, &claims, &proof);
        assert_eq!(
            verdict.is_ok(),
            case["valid"] == true,
            "{name}: {verdict:?}"
        );
        let expected = match case["reference_generic_verdict"] == true {
            true => ReferenceVerdict::Accepts,
            false if case["reference_aborts"] == true => ReferenceVerdict::Aborts,
            false => ReferenceVerdict::Refuses,
        };
        assert_eq!(proof::reference_verdict(&root, &proof), expected, "{name}");
    }
}

#[test]
fn cvt_09_traversal_encodings() {
    let mut seen = 0;
    for case in cases("traversal") {
        if case.get("bytes_plain").is_none() {
            continue;
        }
        seen += 1;
        let proof = proof_of(&case);
        let plain = bytes(&case, "bytes_plain");
        let trailer = bytes(&case, "bytes_plain_with_trailer");
        let canonical = bytes(&case, "bytes_canonical");
        assert_eq!(proof::encode_plain(&proof), Ok(plain.clone()));
        assert_eq!(
            proof::encode_plain_with_trailer(&proof),
            Ok(trailer.clone())
        );
        assert_eq!(proof::encode_canonical(&proof), Ok(canonical.clone()));
        assert_eq!(decode_plain(&plain), Ok(proof.clone()));
        assert_eq!(decode_plain(&trailer), Ok(proof.clone()));
        assert_eq!(decode_canonical(&canonical), Ok(proof));
    }
    assert!(seen > 0);
}

#[cfg(feature = "prove")]
mod prover {
    use super::*;
    use tries::TreeError;

    /// The two-leaf tree of the file, rebuilt from its two-key proof.
    fn two_leaf_tree(cases: &[Value]) -> Tree {
        let case = cases
            .iter()
            .find(|case| {
                case["name"]
                    .as_str()
                    .unwrap()
                    .contains("2 leaves: valid proof for 2")
            })
            .unwrap();
        let mut tree = Tree::new();
        for (key, sub) in keys_of(case).into_iter().zip(proof_of(case).sub_proofs) {
            let value = sub.ys.last().unwrap().clone();
            tree.insert(tries::Leaf {
                key,
                value,
                ..Default::default()
            })
            .unwrap();
        }
        assert_eq!(
            hex_of(tree.commit().unwrap().as_bytes()),
            text(case, "root")
        );
        tree
    }

    #[test]
    fn cvt_09_proofs_of_the_two_leaf_tree_are_byte_equal_and_absence_has_none() {
        let cases = cases("traversal");
        let tree = two_leaf_tree(&cases);
        let mut proved = 0;
        for case in cases
            .iter()
            .filter(|case| case["name"].as_str().unwrap().contains("2 leaves"))
        {
            let keys = keys_of(case);
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            if case["proof_exists"] == false {
                assert!(matches!(tree.prove(&keys), Err(TreeError::Absent { .. })));
                proved += 1;
            } else if case["valid"] == true {
                assert_eq!(
                    tree.prove(&keys).unwrap(),
                    proof_of(case),
                    "{}",
                    case["name"]
                );
                proved += 1;
            }
        }
        assert_eq!(proved, 4);
    }
}
