//! Branches, pages and proofs of a shard, and a tree pulled from them (spec 22 sections 3 and 5).

use hypergraph::{
    AtomId, AtomValue, Change, Hypergraph, LeafRefusal, Location, Operation, PhaseSet, ServedLeaf,
    ShardKey, StateError, Vertex, blob,
};
use tries::proof::{Claim, verify};
use tries::{Leaf, Root, Size, TreeError};

const APP: [u8; 32] = [5; 32];
const ADDS: PhaseSet = PhaseSet::VERTEX_ADDS;

fn id(number: u32) -> AtomId {
    let mut data = [0; 32];
    data[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    AtomId::new(&APP, &data)
}

fn data_tree(number: u32) -> blob::Sealed {
    let leaf = |key: u8, value: &[u8]| Leaf {
        key: vec![key << 2],
        value: value.to_vec(),
        hash_target: Vec::new(),
        size: Size::from(value.len() as u64),
    };
    blob::seal(vec![leaf(0, &number.to_be_bytes()), leaf(1, b"name")]).unwrap()
}

fn add(number: u32) -> Change {
    Change::add(Location::vertex(id(number)), data_tree(number).blob)
}

fn add_rule_a(number: u32, with_data: bool) -> Change {
    let sealed = data_tree(number);
    let commitment = sealed.root.as_bytes().to_vec();
    let atom = Vertex {
        id: id(number),
        commitment: commitment.clone(),
        size: [0; 32],
    };
    Change {
        location: Location::vertex(id(number)),
        operation: Operation::Add(AtomValue::RuleA {
            atom: if with_data {
                sealed.blob
            } else {
                atom.to_bytes()
            },
            commitment,
            size: sealed.size,
        }),
    }
}

fn world(count: u32) -> Hypergraph {
    let mut state = Hypergraph::new();
    let changes = (0..count).map(|number| match number % 4 {
        0 => add_rule_a(number, true),
        1 => add_rule_a(number, false),
        _ => add(number),
    });
    state.apply(&changes.collect::<Vec<_>>()).unwrap();
    state.commit(1).unwrap();
    state
}

fn pages(state: &Hypergraph, max: usize) -> Vec<ServedLeaf> {
    let shard = state.shard(&ShardKey::of(&APP)).unwrap();
    let mut all = Vec::new();
    let mut from = Some(0);
    while let Some(start) = from {
        let page = shard.leaves(ADDS, &[], start, max, 1 << 20).unwrap();
        assert!(page.leaves.len() <= max);
        assert_eq!(page.total, shard.branch(ADDS, &[]).unwrap().leaf_count);
        all.extend(page.leaves);
        from = page.next;
    }
    all
}

fn sum_of(leaves: &[ServedLeaf]) -> Size {
    leaves
        .iter()
        .fold(Size::ZERO, |sum, served| sum.plus(&served.leaf.size))
}

fn pull(state: &mut Hypergraph, leaves: Vec<ServedLeaf>, root: &Root) -> Result<(), StateError> {
    let mut replacement = state.replacement(&ShardKey::of(&APP), ADDS)?;
    for leaf in leaves {
        replacement.push(leaf)?;
    }
    state.install(replacement, root)
}

#[test]
fn a_pulled_tree_has_the_root_of_the_served_one() {
    let remote = world(200);
    let key = ShardKey::of(&APP);
    let root = *remote.roots(&key).get(ADDS);
    let served = pages(&remote, 17);
    assert_eq!(served.len(), 200);
    let with_data = served
        .iter()
        .filter(|leaf| !leaf.underlying_data.is_empty());
    assert_eq!(with_data.count(), 50);
    let mut local = Hypergraph::new();
    pull(&mut local, served.clone(), &root).unwrap();
    local.commit(9).unwrap();
    assert_eq!(local.roots(&key), remote.roots(&key));
    assert_eq!(local.global_commitments(), remote.global_commitments());
    assert_eq!(pages(&local, 1000), served);

    // A tree that differs little is brought to the root of the other, deletions included.
    let mut changed = remote.clone();
    let delete = |number| Change {
        location: Location::vertex(id(number)),
        operation: Operation::Delete(hypergraph::Phase::Adds),
    };
    changed
        .apply(&[delete(3), delete(70), add(500), add(7), add(501)])
        .unwrap();
    changed.commit(2).unwrap();
    let root = *changed.roots(&key).get(ADDS);
    pull(&mut local, pages(&changed, 1000), &root).unwrap();
    local.commit(10).unwrap();
    assert_eq!(local.roots(&key), changed.roots(&key));
}

#[test]
fn syn_03_a_tampered_missing_repeated_or_foreign_leaf_fails_the_pull_and_changes_nothing() {
    let remote = world(40);
    let key = ShardKey::of(&APP);
    let root = *remote.roots(&key).get(ADDS);
    let served = pages(&remote, 1000);
    let mut local = world(12);
    let before = local.roots(&key);
    let mut attempts: Vec<Vec<ServedLeaf>> = Vec::new();
    for number in 0..8 {
        let mut tampered = served.clone();
        let leaf = &mut tampered[number].leaf;
        if leaf.hash_target.is_empty() {
            leaf.value[20] ^= 1;
        } else {
            leaf.hash_target[20] ^= 1;
        }
        attempts.push(tampered);
        let mut missing = served.clone();
        missing.remove(number);
        attempts.push(missing);
        let mut repeated = served.clone();
        repeated.insert(number, served[number].clone());
        attempts.push(repeated);
        let mut swapped = served.clone();
        swapped.swap(number, number + 1);
        attempts.push(swapped);
        let mut foreign = served.clone();
        foreign[number].leaf.key[0] ^= 1;
        attempts.push(foreign);
    }
    for attempt in attempts {
        assert!(pull(&mut local, attempt, &root).is_err());
        assert!(!local.is_changed());
        assert_eq!(local.roots(&key), before);
    }
    pull(&mut local, served, &root).unwrap();
}

#[test]
fn h_03_a_wrong_data_tree_under_a_right_hash_target_is_refused() {
    let remote = world(8);
    let served = pages(&remote, 1000);
    let key = ShardKey::of(&APP);
    let set = hypergraph::Set::Vertex;
    let whole = served
        .iter()
        .find(|leaf| !leaf.underlying_data.is_empty())
        .unwrap();
    assert_eq!(whole.check(&key, set), Ok(()));
    let mut wrong = whole.clone();
    wrong.underlying_data = data_tree(77).blob;
    assert_eq!(wrong.check(&key, set), Err(LeafRefusal::DataTree));
    wrong.underlying_data = vec![2];
    assert_eq!(wrong.check(&key, set), Err(LeafRefusal::DataTree));
    let mut atom = whole.clone();
    atom.leaf.value[40] ^= 1;
    assert_eq!(atom.check(&key, set), Err(LeafRefusal::Atom));
    // Data instead of the atom, as the current release sends it.
    let mut data = whole.clone();
    data.leaf.value = std::mem::take(&mut data.underlying_data);
    assert_eq!(data.check(&key, set), Ok(()));
    data.leaf.value = data_tree(77).blob;
    assert_eq!(data.check(&key, set), Err(LeafRefusal::DataTree));
    let rule_b = served
        .iter()
        .find(|leaf| leaf.leaf.hash_target.is_empty())
        .unwrap();
    let mut other = rule_b.clone();
    other.underlying_data = vec![0];
    assert_eq!(other.check(&key, set), Err(LeafRefusal::Underlying));
    other.underlying_data = rule_b.leaf.value.clone();
    assert_eq!(other.check(&key, set), Ok(()));
    let mut short = whole.clone();
    short.leaf.hash_target.truncate(10);
    assert_eq!(short.check(&key, set), Err(LeafRefusal::HashTarget));
}

#[test]
fn branches_answer_for_every_path_that_leads_to_them() {
    let state = world(64);
    let key = ShardKey::of(&APP);
    let shard = state.shard(&key).unwrap();
    let root = shard.branch(ADDS, &[]).unwrap();
    assert_eq!(root.leaf_count, 64);
    assert_eq!(root.commitment, state.roots(&key).get(ADDS).as_bytes());
    assert!(root.full_path.len() >= 42 && !root.is_leaf);
    // A path inside the compressed prefix names the same node.
    assert_eq!(shard.branch(ADDS, &root.full_path[..9]).unwrap(), root);
    let (mut below, mut size) = (0, Size::ZERO);
    for (index, commitment) in &root.children {
        let path = [&root.full_path[..], &[*index]].concat();
        let child = shard.branch(ADDS, &path).unwrap();
        assert_eq!(child.commitment, *commitment);
        if child.is_leaf {
            assert_eq!((&child.full_path, child.leaf_count), (&path, 1));
        }
        let leaves = shard.leaves(ADDS, &path, 0, 0, usize::MAX).unwrap().leaves;
        assert_eq!(child.size, sum_of(&leaves));
        below += child.leaf_count;
        size = size.plus(&child.size);
    }
    assert_eq!((below, &size), (64, &root.size));
    assert_eq!(size, sum_of(&pages(&state, 17)));
    let absent = [63; 4];
    assert!(matches!(
        shard.branch(ADDS, &absent),
        Err(StateError::NoNode)
    ));
    assert!(matches!(
        shard.leaves(ADDS, &absent, 0, 1, 1),
        Err(StateError::NoNode)
    ));
    assert!(matches!(shard.branch(ADDS, &[64]), Err(StateError::Path)));
    assert!(matches!(
        shard.branch(ADDS, &[0; 87]),
        Err(StateError::Path)
    ));
    let empty = shard.branch(PhaseSet::HYPEREDGE_ADDS, &[]).unwrap();
    assert!(empty.commitment.is_empty() && empty.leaf_count == 0 && !empty.is_leaf);
    assert_eq!(
        shard
            .leaves(PhaseSet::HYPEREDGE_ADDS, &[], 0, 0, 0)
            .unwrap()
            .total,
        0
    );
    // At least one leaf whatever the limit on bytes.
    assert_eq!(shard.leaves(ADDS, &[], 63, 5, 0).unwrap().leaves.len(), 1);
    assert!(
        shard
            .leaves(ADDS, &[], 1_000_000, 5, 0)
            .unwrap()
            .leaves
            .is_empty()
    );
}

#[test]
fn atoms_are_proved_against_the_shard_root_and_that_against_a_global_value() {
    let mut state = world(50);
    let key = ShardKey::of(&APP);
    let ids = [id(2), id(4), id(41)];
    let proof = state.shard(&key).unwrap().prove(ADDS, &ids).unwrap();
    let root = *state.roots(&key).get(ADDS);
    let leaves: Vec<Leaf> = ids
        .iter()
        .map(|id| {
            state
                .get(&Location::vertex(*id))
                .unwrap()
                .unwrap()
                .leaf()
                .clone()
        })
        .collect();
    let claims: Vec<Claim<'_>> = leaves
        .iter()
        .map(|leaf| Claim {
            key: &leaf.key,
            hashed: Some(leaf.hashed()),
        })
        .collect();
    verify(root.as_bytes(), &claims, &proof).unwrap();
    let folded = hypergraph::folded_key(&APP, ADDS);
    let claim = Claim {
        key: &folded,
        hashed: Some(root.as_bytes()),
    };
    let global = state.global().prove(&APP, ADDS, 1).unwrap();
    let value = state.global_commitments().roots()[usize::from(key.l1()[1])];
    verify(value.as_bytes(), &[claim], &global).unwrap();

    let shard = state.shard(&key).unwrap().into_owned();
    assert!(matches!(
        shard.prove(ADDS, &[id(9999)]),
        Err(StateError::Tree(TreeError::Absent { .. }))
    ));
    state.apply(&[add(9999)]).unwrap();
    assert!(matches!(
        state.shard(&key).unwrap().prove(ADDS, &ids),
        Err(StateError::Tree(TreeError::Uncommitted))
    ));
    // A snapshot taken before still proves.
    assert_eq!(shard.prove(ADDS, &ids).unwrap(), proof);
}
