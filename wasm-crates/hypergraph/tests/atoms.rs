//! `hypergraph/atoms.json` and `hypergraph/hyperedges.json` (spec 21 sections 2 and 4.3).

mod common;

use common::{address, bytes, cases, id, list, text, verdict};
use hypergraph::{
    Atom, AtomError, AtomId, Change, Hyperedge, Hypergraph, Location, MAX_DEPTH, PhaseSet,
    ShardKey, Vertex, blob, older_verdict, read_stored, reference_verdict, removed_id,
    strict_verdict,
};
use tries::{Leaf, Size, Tree};

#[test]
fn hyp_02_atoms_decode_and_encode() {
    for case in cases("atoms.json") {
        let raw = bytes(&case["bytes"]);
        if !verdict(&case) {
            assert!(Atom::from_bytes(&raw).is_err(), "{}", case["reason"]);
            continue;
        }
        let id = AtomId::new(
            &address(&case["app_address"]),
            &address(&case["data_address"]),
        );
        let size = Size::from(case["size"].as_u64().unwrap());
        match Atom::from_bytes(&raw).unwrap() {
            Atom::Vertex(vertex) => {
                assert_eq!(text(&case["kind"]), "vertex");
                assert_eq!(vertex.id, id);
                assert_eq!(vertex.commitment, bytes(&case["commitment"]));
                assert_eq!(vertex.size(), size);
                assert_eq!(vertex.to_bytes(), raw);
            }
            Atom::Hyperedge(edge) => {
                assert_eq!(text(&case["kind"]), "hyperedge");
                assert_eq!(edge.id, id);
                assert_eq!(edge.size(), size);
                assert_eq!(
                    edge.commitment().unwrap().as_bytes(),
                    bytes(&case["commitment"])
                );
                assert_eq!(edge.to_bytes(), raw);
                let made = Hyperedge::from_members(id, &list(&case["members"])).unwrap();
                assert_eq!(made.to_bytes(), raw);
            }
        }
    }
}

#[test]
fn hyp_13_messages_get_the_required_verdict_and_store_what_the_reference_stores() {
    for case in cases("hyperedges.json") {
        if case["kind"] == "form" {
            continue;
        }
        let name = text(&case["name"]);
        let app = address(&case["app_address"]);
        let mut state = Hypergraph::new();
        let mut strict = true;
        for operation in case["operations"].as_array().unwrap() {
            let at = Location::hyperedge(AtomId::new(&app, &address(&operation["data_address"])));
            let value = bytes(&operation["value"]);
            let change = match text(&operation["op"]) {
                "message_add" => {
                    let domain = operation.get("domain").map_or(app, address);
                    let reference = reference_verdict(&domain, &value).is_ok();
                    assert_eq!(operation["ok"], reference, "{name}");
                    let older = older_verdict(&value).is_ok();
                    assert_eq!(operation["older_parses"], older, "{name}");
                    strict &= strict_verdict(&domain, &value).is_ok();
                    if !reference {
                        continue;
                    }
                    Change::add(at, value)
                }
                "add_hyperedge" => Change::add(at, value),
                "message_remove" => {
                    assert_eq!(removed_id(&app, &value).unwrap(), at.id, "{name}");
                    Change::remove(at)
                }
                other => panic!("operation {other}"),
            };
            state.apply(&[change]).unwrap();
        }
        if case.get("optional").is_none() {
            assert_eq!(strict, verdict(&case), "{name}");
        }
        state.commit(1).unwrap();
        let roots = state.roots(&ShardKey::of(&app)).to_bytes();
        assert_eq!(roots.to_vec(), list(&case["roots_rule_b"]), "{name}");
        for stored in case["stored"].as_array().unwrap() {
            let at = Location::hyperedge(AtomId::new(&app, &address(&stored["data_address"])));
            let atom = state.get(&at).unwrap();
            assert_eq!(stored["present"], atom.is_some(), "{name}");
            let value = atom.map(|atom| hex::encode(atom.value()));
            assert_eq!(stored["value"].as_str(), value.as_deref(), "{name}");
        }
    }
}

#[test]
fn hyp_13_both_stored_forms_read_back_to_the_same_members() {
    let mut forms = 0;
    for case in cases("hyperedges.json") {
        if case["kind"] != "form" {
            continue;
        }
        forms += 1;
        let stored = read_stored(&id(&case["id"]), &bytes(&case["value"])).unwrap();
        assert_eq!(text(&case["form"]), stored.form.as_str());
        let mut members: Vec<Vec<u8>> = stored
            .members
            .iter()
            .map(|member| member.id.as_bytes().to_vec())
            .collect();
        let mut expected = list(&case["members"]);
        members.sort();
        expected.sort();
        assert_eq!(members, expected, "{}", case["name"]);
    }
    assert!(forms > 3);
}

fn vertex(app: u8, data: u8) -> Vec<u8> {
    Vertex {
        id: AtomId::new(&[app; 32], &[data; 32]),
        commitment: vec![7; 64],
        size: [0; 32],
    }
    .to_bytes()
}

/// `depth` hyperedges around one vertex.
fn nested(depth: usize) -> Vec<u8> {
    let mut atom = vertex(1, 0);
    for level in 1..=depth {
        let id = AtomId::new(&[1; 32], &[level as u8; 32]);
        let inner = AtomId::new(&[1; 32], &[(level - 1) as u8; 32]);
        let size = if level == 1 { 0 } else { 1 };
        let mut tree = Tree::new();
        tree.insert(Leaf {
            key: inner.as_bytes().to_vec(),
            value: atom,
            hash_target: Vec::new(),
            size: Size::from(size),
        })
        .unwrap();
        atom = [&[1], &id.as_bytes()[..], &tree.to_blob().unwrap()].concat();
    }
    atom
}

#[test]
fn hyp_12_hyperedges_nest_at_most_eight_deep() {
    assert!(strict_verdict(&[1; 32], &nested(MAX_DEPTH)).is_ok());
    let deeper = nested(MAX_DEPTH + 1);
    assert!(matches!(
        strict_verdict(&[1; 32], &deeper),
        Err(AtomError::Depth)
    ));
    // The current release does not look at members, so neither does its verdict.
    assert!(reference_verdict(&[1; 32], &deeper).is_ok());
    // Far deeper, on a small stack.
    let deepest = nested(1_000);
    let refused = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || Atom::from_bytes(&deepest).is_err())
        .unwrap()
        .join();
    assert!(refused.unwrap());
}

#[test]
fn within_follows_present_hyperedges_only() {
    let atom = |data: u8| AtomId::new(&[1; 32], &[data; 32]);
    let edge = |data: u8, members: &[Vec<u8>]| {
        Hyperedge::from_members(atom(data), members)
            .unwrap()
            .to_bytes()
    };
    let inner = edge(10, &[vertex(1, 1)]);
    let outer = edge(11, &[inner.clone(), vertex(1, 2)]);
    let mut state = Hypergraph::new();
    let add = |data, value| Change::add(Location::hyperedge(atom(data)), value);
    state.apply(&[add(11, outer)]).unwrap();
    assert!(state.within(&atom(11), &atom(11)).unwrap());
    assert!(state.within(&atom(2), &atom(11)).unwrap());
    assert!(state.within(&atom(10), &atom(11)).unwrap());
    assert!(!state.within(&atom(1), &atom(11)).unwrap());
    state.apply(&[add(10, inner)]).unwrap();
    assert!(state.within(&atom(1), &atom(11)).unwrap());
    state
        .apply(&[Change::remove(Location::hyperedge(atom(10)))])
        .unwrap();
    assert!(!state.within(&atom(1), &atom(11)).unwrap());
}

#[test]
fn a_hyperedge_without_members_seals_to_the_empty_tree() {
    let edge = Hyperedge::from_members(AtomId::new(&[1; 32], &[2; 32]), &[]).unwrap();
    assert_eq!(edge.tree, [0]);
    assert_eq!(edge.commitment().unwrap(), tries::Root::Empty);
    assert_eq!(blob::recommit(&edge.tree).unwrap().leaf_count, 0);
    assert_eq!(PhaseSet::from_index(4), None);
}
