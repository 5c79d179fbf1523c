//! Bytes from anywhere: typed errors, never a panic, never more memory than a small multiple of the input.

mod common;

use common::{bytes, cases, text};
use hypergraph::{
    Atom, AtomId, FileIndex, Hyperedge, LeafRefusal, ServedLeaf, Set, ShardKey, Vertex, metadata,
    older_verdict, read_stored, reference_verdict, removed_id, strict_verdict,
};
use proptest::prelude::*;
use tries::{Leaf, Size};

/// Everything that reads bytes, on the same bytes.
fn read_all(input: &[u8]) {
    let domain = [5; 32];
    let id = AtomId::new(&domain, &domain);
    let _ = Atom::from_bytes(input);
    let _ = Vertex::from_bytes(input);
    let _ = Hyperedge::from_bytes(input).map(|edge| edge.commitment());
    let _ = reference_verdict(&domain, input);
    let _ = older_verdict(input);
    let _ = strict_verdict(&domain, input);
    let _ = removed_id(&domain, input);
    let _ = read_stored(&id, input);
    let _ = FileIndex::from_bytes(input);
    let _ = ShardKey::from_bytes(input);
    let _ = metadata::update(input, None, Some(b"schema"));
    let served = ServedLeaf {
        leaf: Leaf {
            key: id.as_bytes().to_vec(),
            value: input.to_vec(),
            hash_target: vec![1; 74],
            size: Size::ZERO,
        },
        underlying_data: input.to_vec(),
    };
    for set in [Set::Vertex, Set::Hyperedge] {
        let _: Result<(), LeafRefusal> = served.check(&ShardKey::of(&domain), set);
    }
}

/// Hyperedges and metadata vertices of the vectors, to be damaged.
fn samples() -> Vec<Vec<u8>> {
    let atoms = cases("atoms.json");
    let edges = cases("hyperedges.json");
    let metadata = cases("metadata.json");
    let mut all: Vec<Vec<u8>> = atoms.iter().map(|case| bytes(&case["bytes"])).collect();
    all.extend(
        edges
            .iter()
            .filter(|case| text(&case["kind"]) == "message")
            .map(|case| bytes(&case["operations"][0]["value"])),
    );
    all.extend(
        metadata
            .iter()
            .filter_map(|case| case.get("blob"))
            .take(3)
            .map(bytes),
    );
    all
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_give_typed_errors(input in prop::collection::vec(any::<u8>(), 0..400), tag in 0u8..3) {
        read_all(&input);
        let mut tagged = vec![tag];
        tagged.extend(&input);
        read_all(&tagged);
    }

    #[test]
    fn damaged_samples_give_verdicts(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let samples = samples();
        let mut sample = pick.get(&samples).clone();
        if sample.is_empty() {
            return Ok(());
        }
        let at = at.index(sample.len());
        if cut {
            sample.truncate(at);
        } else {
            sample[at] = byte;
        }
        read_all(&sample);
    }
}

#[test]
fn lengths_that_promise_more_than_there_is_are_refused() {
    let id = AtomId::new(&[5; 32], &[5; 32]);
    for length in [u64::MAX, u64::from(u32::MAX), 1 << 30, 1 << 24, 100] {
        let leaf = [&[1][..], &length.to_be_bytes(), &[0; 40]].concat();
        let edge = [&[1][..], id.as_bytes(), &leaf].concat();
        assert!(Hyperedge::from_bytes(&edge).is_err());
        assert!(reference_verdict(&[5; 32], &edge).is_err());
        assert!(read_stored(&id, &edge).is_err());
        assert!(metadata::update(&leaf, None, None).is_err());
    }
    let long = vec![1; hypergraph::MAX_HYPEREDGE_BYTES + 1];
    assert!(strict_verdict(&[1; 32], &long).is_err());
    assert!(read_stored(&id, &long).is_err());
}
