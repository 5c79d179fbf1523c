//! `hypergraph/metadata.json` (spec 21 section 8, spec 41 section 4.1).

mod common;

use common::{address, bytes, cases, text, verdict};
use hypergraph::metadata::{self, ConfigurationKeys, Deployment, MetadataError};
use serde_json::Value;

fn leaves(list: &Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|leaf| (bytes(&leaf["key"]), bytes(&leaf["value"])))
        .collect()
}

fn deployment(case: &Value) -> Deployment {
    let slots = case["slots"].as_array().unwrap();
    Deployment {
        consensus: leaves(&case["consensus"]),
        sumcheck: leaves(&case["sumcheck"]),
        slots: slots
            .iter()
            .map(|slot| {
                let number = u32::try_from(slot["slot"].as_u64().unwrap()).unwrap();
                (number, leaves(&slot["leaves"]))
            })
            .collect(),
        schema: text(&case["schema"]).as_bytes().to_vec(),
        type_domain: address(&case["type"]),
    }
}

#[test]
fn hyp_11_deployments() {
    let mut seen = 0;
    for case in cases("metadata.json") {
        if case["kind"] != "deploy" {
            continue;
        }
        seen += 1;
        let name = text(&case["name"]);
        let sealed = metadata::deploy(deployment(&case));
        if !verdict(&case) {
            assert!(
                matches!(
                    sealed,
                    Err(MetadataError::Gap { .. }
                        | MetadataError::Reserved(_)
                        | MetadataError::Slot(_))
                ),
                "{name}"
            );
            continue;
        }
        let sealed = sealed.unwrap();
        assert_eq!(sealed.blob, bytes(&case["blob"]), "{name}");
        assert_eq!(sealed.root.as_bytes(), bytes(&case["root"]), "{name}");
        assert_eq!(sealed.size.to_string(), text(&case["total_size"]), "{name}");
        assert_eq!(case["leaf_count"], sealed.leaf_count, "{name}");
    }
    assert!(seen > 10);
}

#[test]
fn hyp_11_updates_write_slot_three_and_seal_slot_sixteen_again() {
    let mut seen = 0;
    for case in cases("metadata.json") {
        // What is refused here is refused by the schema rules, which are decided elsewhere.
        if case["kind"] != "update" || !verdict(&case) {
            continue;
        }
        seen += 1;
        let key = |name: &str| bytes(&case[name]).try_into().unwrap();
        let keys = case.get("read_key").map(|_| ConfigurationKeys {
            read: key("read_key"),
            write: key("write_key"),
        });
        let schema = text(&case["schema"]).as_bytes();
        let schema = (!schema.is_empty()).then_some(schema);
        let sealed = metadata::update(&bytes(&case["before"]), keys.as_ref(), schema).unwrap();
        assert_eq!(sealed.blob, bytes(&case["blob"]), "{}", case["name"]);
    }
    assert!(seen >= 4);
}

#[test]
fn hyp_11_an_empty_tree_is_sealed_as_one_zero_byte_with_a_zero_hash_target() {
    let sealed = metadata::deploy(Deployment::default()).unwrap();
    let tree = tries::Tree::from_blob(&sealed.blob).unwrap();
    let leaf = tree.get(&metadata::slot_key(0)).unwrap().unwrap();
    assert_eq!(leaf.value, [0]);
    assert_eq!(leaf.hash_target, [0; 64]);
    assert_eq!(leaf.size, tries::Size::ZERO);
}

#[test]
fn an_update_of_nothing_or_of_no_tree_is_refused() {
    assert!(matches!(
        metadata::update(&[0], None, None),
        Err(MetadataError::Empty)
    ));
    for bad in [&[][..], &[3], &[1, 0]] {
        assert!(matches!(
            metadata::update(bad, None, None),
            Err(MetadataError::Tree(_))
        ));
    }
}
