//! A node that holds one sub-shard: the roots of the whole shard, and proofs against them (spec 20 section 8.7).

use hypergraph::{
    AtomId, Change, CoveredShard, Hypergraph, Location, PhaseSet, ShardKey, StateError,
};
use tries::proof::{Claim, verify};
use tries::subtree::Level;
use tries::{Path, TreeError, path};

const APP: [u8; 32] = [0x15; 32];

fn location(n: u64, hyperedge: bool) -> Location {
    let mut data = [0u8; 32];
    data[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let id = AtomId::new(&APP, &data);
    if hyperedge {
        Location::hyperedge(id)
    } else {
        Location::vertex(id)
    }
}

fn changes(from: u64, to: u64) -> Vec<Change> {
    (from..to)
        .map(|n| match n % 5 {
            0 if n > 50 => Change::remove(location(n - 50, false)),
            1 => Change::remove(location(n, true)),
            2 => Change::add(location(n, true), vec![n as u8; 30]),
            _ => Change::add(location(n, false), vec![n as u8; 20]),
        })
        .collect()
}

/// Elements of an id until the sub-shards part: 256 bits of the application, and the first element below.
fn covered(n: u64) -> Path {
    let id = path(location(n, false).id.as_bytes());
    Path::from_elements(id.get(..44).expect("86 elements")).expect("elements")
}

fn ancestors(whole: &Hypergraph, at: &Path) -> [Vec<Level>; 4] {
    let shard = whole.shard(&ShardKey::of(&APP)).expect("a shard");
    PhaseSet::ALL.map(|set| {
        shard
            .tree(set)
            .ancestors(at)
            .expect("walked")
            .expect("a slot")
    })
}

fn part(whole: &Hypergraph, at: &Path, all: &[Change]) -> CoveredShard<tries::NoStore> {
    let mut alone = Hypergraph::new();
    let inside = |change: &&Change| path(change.location.id.as_bytes()).starts_with(at);
    let inside: Vec<Change> = all.iter().filter(inside).cloned().collect();
    assert!(!inside.is_empty() && inside.len() < all.len());
    alone.apply(&inside).expect("applied");
    let shard = alone
        .shard(&ShardKey::of(&APP))
        .expect("a shard")
        .into_owned();
    CoveredShard::new(at.clone(), shard, &ancestors(whole, at)).expect("a part")
}

#[test]
fn a_covered_part_has_the_roots_of_the_whole_shard_follows_its_own_changes_and_skips_others() {
    let key = ShardKey::of(&APP);
    let mut all = changes(0, 2000);
    let mut whole = Hypergraph::new();
    whole.apply(&all).expect("applied");
    whole.commit(1).expect("committed");
    let at = covered(3);
    let mut part = part(&whole, &at, &all);
    assert_eq!(part.roots().expect("roots"), whole.roots(&key));

    // A frame that changes the covered part only.
    let next = changes(2000, 2600);
    let inside: Vec<Change> = next
        .iter()
        .filter(|change| part.covers(change))
        .cloned()
        .collect();
    assert!(!inside.is_empty());
    whole.apply(&inside).expect("applied");
    whole.commit(2).expect("committed");
    let records = part.apply(&inside).expect("applied");
    assert!(records.len() >= inside.len());
    assert!(part.roots().is_err(), "changes that are not committed");
    assert_eq!(part.commit().expect("committed"), whole.roots(&key));
    all.extend(inside);

    // One that changes others too: they are skipped, and their commitments come from outside.
    whole.apply(&next).expect("applied");
    whole.commit(3).expect("committed");
    part.apply(&next).expect("applied");
    let old = part.commit().expect("committed");
    assert_ne!(old, whole.roots(&key));
    part.replace_ancestors(&ancestors(&whole, &at))
        .expect("they fit");
    assert_eq!(part.roots().expect("roots"), whole.roots(&key));

    for set in [PhaseSet::VERTEX_ADDS, PhaseSet::HYPEREDGE_ADDS] {
        let root = *whole.roots(&key).get(set);
        let limit = tries::PageLimit {
            leaves: 3,
            bytes: usize::MAX,
        };
        let held = part
            .part()
            .tree(set)
            .leaves(&[], tries::Start::Index(0), limit);
        let held = held.expect("leaves").leaves;
        let keys: Vec<&[u8]> = held.iter().map(|leaf| leaf.key.as_slice()).collect();
        let proof = part.prove(set, &keys).expect("a proof");
        let claims: Vec<Claim<'_>> = held
            .iter()
            .map(|leaf| Claim {
                key: &leaf.key,
                hashed: Some(leaf.hashed()),
            })
            .collect();
        verify(root.as_bytes(), &claims, &proof).expect("holds");
        let outside = all.iter().find(|change| !part.covers(change)).expect("one");
        let refused = part.prove(set, &[outside.location.id.as_bytes()]);
        assert!(matches!(
            refused,
            Err(StateError::Tree(TreeError::OutsideCoveredPrefix))
        ));
    }
}

#[test]
fn ancestors_of_another_state_and_atoms_that_are_not_covered_are_refused() {
    let all = changes(0, 2000);
    let mut whole = Hypergraph::new();
    whole.apply(&all).expect("applied");
    whole.commit(1).expect("committed");
    let at = covered(3);
    let mut part = part(&whole, &at, &all);
    let before = part.roots().expect("roots");
    let change = Change::add(location(3, false), b"another value".to_vec());
    whole.apply(&[change]).expect("applied");
    whole.commit(2).expect("committed");
    let refused = part.replace_ancestors(&ancestors(&whole, &at));
    assert!(matches!(
        refused,
        Err(StateError::Tree(TreeError::Ancestors(_)))
    ));
    assert_eq!(part.roots().expect("as it was"), before);
    let shard = whole
        .shard(&ShardKey::of(&APP))
        .expect("a shard")
        .into_owned();
    let stray = CoveredShard::new(at.clone(), shard, &ancestors(&whole, &at));
    assert!(matches!(
        stray,
        Err(StateError::Tree(TreeError::OutsideCoveredPrefix))
    ));
}
