//! `hypergraph/global_commitments.json` (spec 21 section 6).

mod common;

use common::{address, bytes, cases, list};
use hypergraph::{
    GLOBAL_ADDRESS, GlobalError, GlobalTrees, PhaseSet, RootBytes, ShardKey, StateError,
    alternative_address, folded_key, genesis_commitments,
};
use serde_json::Value;
use tries::Root;

fn shards(case: &Value) -> Vec<([u8; 32], RootBytes)> {
    let shards = case["shards"].as_array().unwrap();
    shards
        .iter()
        .map(|shard| {
            let app = address(&shard["app_address"]);
            assert_eq!(ShardKey::of(&app).l1().to_vec(), bytes(&shard["l1"]));
            (app, list(&shard["roots"]).try_into().unwrap())
        })
        .collect()
}

fn expected(case: &Value) -> Vec<Vec<u8>> {
    let mut all = vec![vec![0; 64]; 256];
    for entry in case["non_empty"].as_array().unwrap() {
        let index = usize::try_from(entry["index"].as_u64().unwrap()).unwrap();
        all[index] = bytes(&entry["commitment"]);
    }
    all
}

fn frame_cases() -> Vec<Value> {
    let all = cases("global_commitments.json");
    all.into_iter()
        .filter(|case| case["rule"] == "frame")
        .collect()
}

fn world(case: &Value) -> GlobalTrees {
    let mut trees = GlobalTrees::default();
    for (app, roots) in shards(case) {
        trees.set_shard(&app, roots).unwrap();
    }
    trees.commit().unwrap();
    trees
}

fn values(trees: &GlobalTrees) -> Vec<Vec<u8>> {
    trees.commitments().to_bytes().map(<[u8]>::to_vec).collect()
}

#[test]
fn hyp_07_frame_rule() {
    for case in frame_cases() {
        let trees = world(&case);
        let got = values(&trees);
        assert_eq!(got, expected(&case), "{}", case["name"]);
        let total: usize = got.iter().map(Vec::len).sum();
        assert_eq!(case["total_bytes"], total);
        let hash = trees.commitments().hash(&bytes(&case["prover_root"]));
        assert_eq!(hash.to_vec(), bytes(&case["commitment_hash"]));
    }
}

#[test]
fn hyp_07_genesis_rule_gives_94_193_254() {
    let all = cases("global_commitments.json");
    let case = all.iter().find(|case| case["rule"] == "genesis").unwrap();
    let entries: Vec<_> = case["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| (address(&shard["app_address"]), bytes(&shard["value"])))
        .collect();
    let commitments = genesis_commitments(&entries).unwrap();
    let got: Vec<Vec<u8>> = commitments.to_bytes().map(<[u8]>::to_vec).collect();
    assert_eq!(got, expected(case));
    let used: Vec<usize> = (0..256)
        .filter(|i| commitments.roots()[*i] != Root::Empty)
        .collect();
    assert_eq!(used, [94, 193, 254]);
    assert_eq!(case["total_bytes"], got.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn hyp_08_removing_a_shard_and_adding_it_again_restores_the_256_values() {
    for case in frame_cases() {
        let mut trees = world(&case);
        let before = trees.commitments();
        for (app, roots) in shards(&case).into_iter().take(3) {
            trees.remove_shard(&app).unwrap();
            let touched = trees.commit().unwrap();
            assert_eq!(touched, ShardKey::of(&app).l1());
            assert_ne!(trees.commitments(), before);
            trees.set_shard(&app, roots).unwrap();
            assert_eq!(trees.commit().unwrap(), ShardKey::of(&app).l1());
            assert_eq!(trees.commitments(), before);
        }
    }
}

#[test]
fn only_the_trees_of_changed_shards_change() {
    let case = &frame_cases()[3];
    let mut trees = world(case);
    let (app, mut roots) = shards(case).swap_remove(0);
    trees.set_shard(&app, roots.clone()).unwrap();
    assert!(!trees.is_changed());
    roots[2] = vec![9; 74];
    trees.set_shard(&app, roots).unwrap();
    assert_eq!(trees.commit().unwrap(), ShardKey::of(&app).l1());
    // Incremental equals a fresh world.
    let mut fresh = GlobalTrees::default();
    for (app, roots) in trees.shards() {
        fresh.set_shard(app, roots.clone()).unwrap();
    }
    fresh.commit().unwrap();
    assert_eq!(fresh.commitments(), trees.commitments());
}

#[test]
fn a_shard_root_is_proved_in_each_of_its_three_trees() {
    let case = &frame_cases()[3];
    let trees = world(case);
    let (app, roots) = shards(case).swap_remove(5);
    for set in PhaseSet::ALL {
        for place in 0..3 {
            let proof = trees.prove(&app, set, place).unwrap();
            let index = usize::from(ShardKey::of(&app).l1()[place]);
            let root = trees.commitments().roots()[index];
            let key = folded_key(&app, set);
            let value = &roots[usize::from(set.index())];
            let claim = tries::proof::Claim {
                key: &key,
                hashed: Some(value),
            };
            tries::proof::verify(root.as_bytes(), &[claim], &proof).unwrap();
            let wrong = vec![1; value.len()];
            let claim = tries::proof::Claim {
                key: &key,
                hashed: Some(&wrong),
            };
            assert!(tries::proof::verify(root.as_bytes(), &[claim], &proof).is_err());
        }
    }
    // All four at once.
    let proof = trees.prove_shard(&app, 2).unwrap();
    let root = trees.commitments().roots()[usize::from(ShardKey::of(&app).l1()[2])];
    let keys = PhaseSet::ALL.map(|set| folded_key(&app, set));
    let claims: Vec<_> = keys
        .iter()
        .zip(&roots)
        .map(|(key, value)| tries::proof::Claim {
            key,
            hashed: Some(value),
        })
        .collect();
    tries::proof::verify(root.as_bytes(), &claims, &proof).unwrap();
    assert!(matches!(
        trees.prove(&[0x3e; 32], PhaseSet::VERTEX_ADDS, 0),
        Err(StateError::NotGlobal)
    ));
    assert!(matches!(
        trees.prove(&app, PhaseSet::VERTEX_ADDS, 3),
        Err(StateError::NotGlobal)
    ));
}

#[test]
fn h_05_shards_without_indices_are_passed_over() {
    let mut trees = GlobalTrees::default();
    let roots: RootBytes = std::array::from_fn(|_| vec![1; 64]);
    for app in [GLOBAL_ADDRESS, [0; 32], [0x40; 32]] {
        trees.set_shard(&app, roots.clone()).unwrap();
    }
    assert!(!trees.is_changed());
    let short: RootBytes = std::array::from_fn(|_| vec![1; 65]);
    assert!(trees.set_shard(&[1; 32], short).is_err());
}

#[test]
fn h_10_alternative_shards_overwrite_and_must_be_foldable() {
    let case = &frame_cases()[2];
    let mut trees = world(case);
    let before = trees.commitments();
    let (app, roots) = shards(case).swap_remove(0);
    let alternative: RootBytes = [vec![7; 74], Vec::new(), Vec::new(), vec![8; 64]];
    trees.set_alternative(&app, alternative.clone()).unwrap();
    trees.commit().unwrap();
    let mut merged = roots.clone();
    merged[0] = alternative[0].clone();
    merged[3] = alternative[3].clone();
    let mut plain = world(case);
    plain.set_shard(&app, merged).unwrap();
    plain.commit().unwrap();
    assert_eq!(trees.commitments(), plain.commitments());
    // The shard's own change does not show where the alternative has a root.
    let mut other = roots.clone();
    other[0] = vec![3; 74];
    trees.set_shard(&app, other).unwrap();
    trees.commit().unwrap();
    assert_eq!(trees.commitments(), plain.commitments());
    trees.set_shard(&app, roots).unwrap();
    trees.remove_alternative(&app).unwrap();
    trees.commit().unwrap();
    assert_eq!(trees.commitments(), before);

    let unfoldable = [0x40; 32];
    assert!(matches!(
        trees.set_alternative(&unfoldable, alternative),
        Err(StateError::Global(GlobalError::Unfoldable))
    ));
    let long: RootBytes = std::array::from_fn(|_| vec![1; 81]);
    assert!(trees.set_alternative(&app, long).is_err());
    assert!(matches!(alternative_address(&[]), Err(GlobalError::NoKey)));
    assert!(alternative_address(&[1; 57]).is_ok());
}
