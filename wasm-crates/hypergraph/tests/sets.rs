//! `hypergraph/crdt.json` (spec 21 sections 4 and 5).

mod common;

use common::{address, bytes, cases, list, text};
use hypergraph::{
    AtomId, AtomValue, Change, Hypergraph, Location, Operation, PhaseSet, ShardKey, Vertex,
};
use serde_json::Value;
use tries::Size;

fn location(operation: &Value, app: &[u8; 32]) -> Location {
    let id = AtomId::new(app, &address(&operation["data_address"]));
    if text(&operation["op"]).ends_with("vertex") {
        Location::vertex(id)
    } else {
        Location::hyperedge(id)
    }
}

fn rule_b(operation: &Value, app: &[u8; 32]) -> Change {
    let at = location(operation, app);
    match text(&operation["op"]) {
        "add_vertex" => Change::add(at, bytes(&operation["vertex_tree"])),
        "add_hyperedge" => Change::add(at, bytes(&operation["extrinsic_tree"])),
        "remove_vertex" | "remove_hyperedge" => Change::remove(at),
        other => panic!("operation {other}"),
    }
}

fn rule_a(operation: &Value, app: &[u8; 32]) -> Change {
    let location = location(operation, app);
    let number = |name: &str| operation[name].as_u64().unwrap();
    let value = if operation.get("vertex_tree").is_some() {
        let mut size = [0; 32];
        size[24..].copy_from_slice(&number("vertex_size").to_be_bytes());
        let commitment = bytes(&operation["vertex_commitment"]);
        let atom = Vertex {
            id: location.id,
            commitment: commitment.clone(),
            size,
        };
        Some(AtomValue::RuleA {
            atom: atom.to_bytes(),
            commitment,
            size: Size::from(number("vertex_size")),
        })
    } else if operation.get("hyperedge_bytes").is_some() {
        Some(AtomValue::RuleA {
            atom: bytes(&operation["hyperedge_bytes"]),
            commitment: bytes(&operation["hyperedge_commitment"]),
            size: Size::from(number("members")),
        })
    } else {
        // The hyperedge that is added again: ignored, whatever it holds.
        operation
            .get("extrinsic_tree")
            .map(|tree| AtomValue::RuleB(bytes(tree)))
    };
    let operation = match text(&operation["op"]) {
        "add_vertex" | "add_hyperedge" => Operation::Add(value.unwrap()),
        _ => Operation::RemoveRuleA { unknown: value },
    };
    Change {
        location,
        operation,
    }
}

#[test]
fn hyp_03_roots_under_both_leaf_rules() {
    for case in cases("crdt.json") {
        let name = text(&case["name"]);
        let app = address(&case["app_address"]);
        let key = ShardKey::of(&app);
        let operations = case["operations"].as_array().unwrap();
        for (rule, field) in [
            (rule_b as fn(&Value, &[u8; 32]) -> Change, "roots_rule_b"),
            (rule_a, "roots_rule_a"),
        ] {
            let changes: Vec<Change> = operations.iter().map(|o| rule(o, &app)).collect();
            let mut state = Hypergraph::new();
            state.apply(&changes).unwrap();
            let report = state.commit(1).unwrap();
            assert_eq!(report.shards.len(), 1);
            let roots = report.shards[0].roots.to_bytes();
            assert_eq!(roots.to_vec(), list(&case[field]), "{name} {field}");
            assert_eq!(state.roots(&key), report.shards[0].roots);
        }
    }
}

#[test]
fn hyp_04_present_set_counts_and_the_node_at_the_address() {
    for case in cases("crdt.json") {
        let name = text(&case["name"]);
        let app = address(&case["app_address"]);
        let key = ShardKey::of(&app);
        assert_eq!(key.to_bytes().to_vec(), bytes(&case["shard_key"]));
        let mut state = Hypergraph::new();
        for operation in case["operations"].as_array().unwrap() {
            let at = location(operation, &app);
            let was_removed = state.is_removed(&at).unwrap();
            state.apply(&[rule_b(operation, &app)]).unwrap();
            if text(&operation["op"]).starts_with("remove") {
                assert!(state.is_removed(&at).unwrap());
            }
            // Added again after a removal: stays away (HYP-04).
            assert_eq!(
                was_removed,
                was_removed && state.get(&at).unwrap().is_none()
            );
        }
        state.commit(1).unwrap();
        let shard = state.shard(&key).unwrap();
        let present = shard.present_count(hypergraph::Set::Vertex).unwrap();
        assert_eq!(case["present_vertices"], present, "{name}");
        let adds = shard.tree(PhaseSet::VERTEX_ADDS);
        assert_eq!(case["rule_b_vertex_adds_leaf_count"], adds.leaf_count());
        assert_eq!(
            text(&case["rule_b_vertex_adds_size"]),
            adds.size().to_string()
        );
        let wanted = &case["rule_b_vertex_adds_at_address_path"];
        let node = shard
            .node_at_address(PhaseSet::VERTEX_ADDS, &[])
            .unwrap()
            .unwrap();
        assert_eq!(bytes(&wanted["commitment"]), node.commitment);
        assert_eq!(wanted["leaf_count"], node.leaf_count);
        assert_eq!(text(&wanted["size"]), node.size.to_string());
    }
}
