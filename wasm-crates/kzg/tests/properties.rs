//! Laws and failures (spec 20 sections 3 to 6 and 10; CVT-10, CVT-11, CVT-12, hazards H-04, H-07, H-09).
#![cfg(feature = "prove")]

use kzg::{
    Claim, IDENTITY, KzgError, Multiproof, Opening, Slot, Statement, Update, committer, encode,
};
use kzg::{
    decode_own, fields, multiprove, open, reference, verify_multiproof, verify_multiproof_batch,
    verify_opening,
};
use proptest::prelude::*;

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 64)
            .prop_map(|bytes| bytes.try_into().unwrap_or([0; 64])),
        Just([0; 64]),
        Just([0xff; 64]),
    ]
}

fn vector() -> impl Strategy<Value = Vec<Slot>> {
    prop::collection::vec(slot(), 64)
}

fn sparse(slots: &[Slot]) -> Vec<(u8, Slot)> {
    slots
        .iter()
        .zip(0u8..)
        .filter(|(slot, _)| **slot != [0; 64])
        .map(|(slot, at)| (at, *slot))
        .collect()
}

/// A vector with its commitment.
fn committed(slots: &[Slot]) -> (kzg::Commitment, Vec<u8>) {
    let data = slots.concat();
    (
        committer()
            .expect("tables")
            .commit_data(&data)
            .expect("fits"),
        data,
    )
}

fn few(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(few(64))]

    #[test]
    fn cvt_10_no_input_of_any_length_aborts(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..160), 4), index in any::<u64>(), size in 0usize..300,
    ) {
        let [a, b, c, d] = parts.as_slice() else { return Ok(()) };
        let statements = [Statement { commitment: a, index, value: b }];
        prop_assert_ne!(verify_opening(a, index, b, c, size), Ok(true));
        prop_assert_ne!(reference::verify_opening(a, index, b, c, size), Ok(true));
        prop_assert_ne!(verify_multiproof(&statements, c, d, size), Ok(true));
        prop_assert_ne!(reference::verify_multiproof(&statements, c, d, size), Ok(true));
        let opening = Opening { commitment: a, data: b, index };
        prop_assert!(multiprove(&[opening], size).is_err() || a.len() == 74);
        prop_assert!(open(b, index, size).is_err() || index < size as u64);
        let plain: Vec<u8> = parts.concat();
        if let Ok(read) = Multiproof::from_plain(&plain) {
            prop_assert_eq!(read.to_plain().to_vec(), plain[..156].to_vec());
        }
    }
}

proptest! {
    #![proptest_config(few(12))]

    #[test]
    fn slots_and_data_give_the_same_commitment(vectors in prop::collection::vec(vector(), 1..4)) {
        let committer = committer().expect("tables");
        let all: Vec<_> = vectors.iter().map(|slots| sparse(slots)).collect();
        let many = committer.commit_many(&all.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("in range");
        for ((slots, sparse), point) in vectors.iter().zip(&all).zip(&many) {
            let (commitment, _) = committed(slots);
            prop_assert_eq!(encode(point), commitment);
            prop_assert_eq!(encode(&committer.commit(sparse).expect("in range")), commitment);
            prop_assert_eq!(encode(&decode_own(&commitment).expect("a point")), commitment);
        }
    }

    #[test]
    fn multiproofs_verify_and_any_changed_byte_does_not(
        vectors in prop::collection::vec(vector(), 1..5), seed in any::<[u8; 8]>(), byte in 0usize..1000, bit in 0u32..8,
    ) {
        let made: Vec<_> = vectors.iter().map(|slots| committed(slots)).collect();
        let openings: Vec<Opening<'_>> = seed.iter().enumerate().map(|(j, x)| {
            let (commitment, data) = &made[j % made.len()];
            Opening { commitment, data, index: u64::from(x % 64) }
        }).collect();
        let proof = multiprove(&openings, 64).expect("openings");
        let mut wire: Vec<u8> = openings.iter().flat_map(|o| {
            [o.commitment, &o.data[64 * o.index as usize..][..64], &[o.index as u8]].concat()
        }).collect();
        wire.extend(proof.multicommitment);
        wire.extend(proof.proof);
        let check = |wire: &[u8]| {
            let (statements, points) = wire.split_at(8 * 139);
            let statements: Vec<_> = statements.chunks(139)
                .map(|s| Statement { commitment: &s[..74], value: &s[74..138], index: s[138].into() }).collect();
            verify_multiproof(&statements, &points[..74], &points[74..], 64)
        };
        let constant = vectors.iter().all(|slots| slots.iter().all(|slot| *slot == slots[0]));
        prop_assert!(check(&wire) == Ok(true) || constant);
        let at = byte % wire.len();
        wire[at] ^= 1 << bit;
        prop_assert_ne!(check(&wire), Ok(true));
    }
}

#[test]
fn cvt_12_a_thousand_updates_equal_a_full_commitment() {
    let committer = committer().expect("tables");
    let mut slots = vec![[0u8; 64]; 64];
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut point = None;
    for round in 0..250 {
        let changes: Vec<(u8, Slot, Slot)> = (0..4)
            .map(|_| {
                let at = (next() % 64) as usize;
                let new = if next() % 5 == 0 {
                    [0; 64]
                } else {
                    std::array::from_fn(|_| next() as u8)
                };
                let old = std::mem::replace(&mut slots[at], new);
                (at as u8, old, new)
            })
            .collect();
        let updates = [Update {
            before: point,
            changes: &changes,
        }];
        point = committer.update_many(&updates).expect("in range")[0];
        if round % 50 == 49 {
            assert_eq!(encode(&point), committed(&slots).0);
        }
    }
    for (at, slot) in (0u8..).zip(&slots) {
        point = committer
            .update(point, at, slot, &[0; 64])
            .expect("in range");
    }
    assert_eq!(encode(&point), IDENTITY);
}

#[test]
fn h_06_the_empty_vector_commits_to_the_identity() {
    let committer = committer().expect("tables");
    assert_eq!(committer.commit_data(&[]), Ok(IDENTITY));
    assert_eq!(encode(&committer.commit(&[]).expect("in range")), IDENTITY);
    assert!(decode_own(&IDENTITY).expect("a commitment").is_none());
    assert!(matches!(
        verify_opening(&IDENTITY, 0, &[0; 64], &IDENTITY, 64),
        Err(KzgError::Point { .. })
    ));
}

#[test]
fn h_04_h_09_positions_beyond_the_vector_are_refused() {
    let committer = committer().expect("tables");
    assert_eq!(
        committer.commit(&[(64, [1; 64])]).err(),
        Some(KzgError::Index {
            index: 64,
            size: 64
        })
    );
    assert_eq!(
        committer.update(None, 200, &[0; 64], &[1; 64]).err(),
        Some(KzgError::Index {
            index: 200,
            size: 64
        })
    );
    assert_eq!(
        open(&[1; 64], 64, 64),
        Err(KzgError::Index {
            index: 64,
            size: 64
        })
    );
    assert!(matches!(
        open(&[0; 64 * 64 + 1], 0, 64),
        Err(KzgError::TooLong { .. })
    ));
    assert_eq!(multiprove(&[], 64), Err(KzgError::Empty));
    assert_eq!(
        verify_multiproof(&[], &IDENTITY, &IDENTITY, 64),
        Err(KzgError::Empty)
    );
    assert_eq!(
        fields::index(64),
        Err(KzgError::Index {
            index: 64,
            size: 64
        })
    );
    assert_eq!(fields::key(63), Ok(0xfc));
}

/// The claims of three small multiproofs, and a way to spoil one value.
#[test]
fn a_batch_fails_with_any_member() {
    let vectors: Vec<Vec<Slot>> = (1..4u8)
        .map(|v| (0..64).map(|i| [v ^ i; 64]).collect())
        .collect();
    let made: Vec<_> = vectors.iter().map(|slots| committed(slots)).collect();
    let proofs: Vec<Multiproof> = made
        .iter()
        .map(|(commitment, data)| {
            let opening = |index| Opening {
                commitment,
                data,
                index,
            };
            multiprove(&[opening(3), opening(9)], 64).expect("openings")
        })
        .collect();
    let check = |spoilt: Option<usize>| {
        let statements: Vec<[Statement<'_>; 2]> = made
            .iter()
            .enumerate()
            .map(|(at, (commitment, data))| {
                let value = |index: usize| &data[64 * index..][..64];
                let second = if spoilt == Some(at) {
                    value(10)
                } else {
                    value(9)
                };
                [
                    Statement {
                        commitment,
                        index: 3,
                        value: value(3),
                    },
                    Statement {
                        commitment,
                        index: 9,
                        value: second,
                    },
                ]
            })
            .collect();
        let claims: Vec<Claim<'_>> = statements
            .iter()
            .zip(&proofs)
            .map(|(statements, proof)| Claim {
                statements,
                multicommitment: &proof.multicommitment,
                proof: &proof.proof,
            })
            .collect();
        verify_multiproof_batch(&claims, &[9; 32], 64)
    };
    assert_eq!(check(None), Ok(true));
    for at in 0..3 {
        assert_eq!(check(Some(at)), Ok(false));
    }
    assert_eq!(
        verify_multiproof_batch(&[], &[9; 32], 64),
        Err(KzgError::Empty)
    );
}

#[test]
fn fields_of_a_vertex_open_together() {
    let mut slots = vec![[0u8; 64]; 64];
    for at in [0, 1, 5, 63] {
        slots[at] = [at as u8 + 1; 64];
    }
    let (commitment, data) = committed(&slots);
    let opened: Vec<fields::Field> = [0, 5]
        .map(|order| fields::index(order).expect("below 64"))
        .into_iter()
        .chain([fields::TYPE_INDEX])
        .map(|index| fields::Field {
            index,
            evaluation: slots[index as usize],
        })
        .collect();
    let openings: Vec<Opening<'_>> = opened
        .iter()
        .map(|field| Opening {
            commitment: &commitment,
            data: &data,
            index: field.index,
        })
        .collect();
    let proof = multiprove(&openings, 64).expect("openings");
    let statements = fields::statements(&commitment, &opened);
    assert_eq!(
        verify_multiproof(&statements, &proof.multicommitment, &proof.proof, 64),
        Ok(true)
    );
    assert_eq!(
        verify_multiproof(&statements[..2], &proof.multicommitment, &proof.proof, 64),
        Ok(false)
    );
}

#[test]
fn h_07_whatever_follows_a_plain_multiproof_is_ignored() {
    let proof = Multiproof {
        multicommitment: [2; 74],
        proof: [3; 74],
    };
    let mut plain = proof.to_plain().to_vec();
    for _ in 0..2 {
        assert_eq!(Multiproof::from_plain(&plain), Ok(proof));
        plain.extend([0; 4]);
    }
    for length in 0..156 {
        assert_eq!(
            Multiproof::from_plain(&plain[..length]),
            Err(KzgError::Encoding)
        );
    }
    plain[3] = 73;
    assert_eq!(Multiproof::from_plain(&plain), Err(KzgError::Encoding));
}
