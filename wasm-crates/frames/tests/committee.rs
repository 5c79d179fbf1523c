//! Committees of own keys (FRM-08): thresholds, order, pinned table, refused descriptions.

mod common;

use bls48581::{SecretKey, Signature};
use common::{bytes, file, rules};
use frames::messages::{vote_domain, vote_message};
use frames::{
    AggregateSignature, Committee, CommitteeError, GlobalHeader, MemberKey, verify_certificate,
    verify_pinned,
};

fn secret(seed: u8) -> SecretKey {
    SecretKey::generate(&[seed; 48]).unwrap()
}

fn member(secret: &SecretKey, weight: u64) -> MemberKey {
    MemberKey {
        public_key: secret.public_key().to_bytes().to_vec(),
        weight,
        address: None,
    }
}

/// The base header with the votes of these secrets, and a bitmask over the committee.
fn signed(secrets: &[&SecretKey], committee: &Committee) -> GlobalHeader {
    let root = file("frames/global_negative.json");
    let mut header = GlobalHeader::from_bytes(&bytes(&root["cases"][0]["header_pb"])).unwrap();
    let message = vote_message(&[], &header.identity().unwrap(), header.rank);
    let votes: Vec<Signature> = secrets
        .iter()
        .map(|s| Signature::from_bytes(&s.sign(&message, &vote_domain(&[]))).unwrap())
        .collect();
    let keys: Vec<_> = secrets.iter().map(|s| s.public_key()).collect();
    let mut bitmask = vec![0u8; committee.members().len().div_ceil(8)];
    for key in &keys {
        let address = poseidon::hash_bytes(&key.to_bytes()).unwrap();
        if let Some(index) = committee.index_of(&address) {
            bitmask[index / 8] |= 1 << (index % 8);
        }
    }
    let votes = bls48581::aggregate_signatures(&votes).unwrap();
    let key = bls48581::aggregate_keys(&keys).unwrap();
    header.signature = Some(AggregateSignature {
        signature: votes.to_bytes().to_vec(),
        public_key: Some(key.to_bytes().to_vec()),
        bitmask,
    });
    header
}

#[test]
fn frm_08_any_four_of_six_equal_members_certify_three_do_not_and_outsiders_never() {
    let secrets: Vec<SecretKey> = (1..=6).map(secret).collect();
    let members: Vec<MemberKey> = secrets.iter().map(|s| member(s, 23_673_600)).collect();
    let committee = Committee::new(&members, None).unwrap();
    assert_eq!(committee.threshold(), 4 * 23_673_600);
    assert_eq!(committee.pinned_table().unwrap().len(), 63);
    let rules = rules();
    for subset in 1u32..64 {
        let voters: Vec<&SecretKey> = (0..6)
            .filter(|i| subset >> i & 1 == 1)
            .map(|i| &secrets[i])
            .collect();
        // Every subset by the table; a few of each size by signatures too.
        let enough = voters.len() >= 4;
        if subset % 7 == 1 || subset == 63 {
            let header = signed(&voters, &committee);
            let general = verify_certificate(&header, &committee, &rules);
            let pinned = verify_pinned(&header, &committee, &rules).unwrap();
            assert_eq!(general.valid, enough, "{general:?}");
            assert_eq!(pinned.valid, enough, "{pinned:?}");
            assert!(general.valid_without(&["quorum"]));
        }
        let keys: Vec<_> = voters.iter().map(|s| s.public_key()).collect();
        let sum = bls48581::aggregate_keys(&keys).unwrap().to_bytes();
        let found = committee.pinned_table().unwrap().lookup(&sum).unwrap();
        assert_eq!(found.len(), voters.len());
        assert_eq!(found.len() >= 4, enough);
    }

    let outsider = secret(7);
    let voters = [&secrets[0], &secrets[1], &secrets[2], &outsider];
    let header = signed(&voters, &committee);
    let general = verify_certificate(&header, &committee, &rules);
    assert!(general.check("signature").unwrap().ok);
    assert!(!general.check("aggregate_key").unwrap().ok && !general.valid);
    let pinned = verify_pinned(&header, &committee, &rules).unwrap();
    assert!(!pinned.check("aggregate_key").unwrap().ok && !pinned.valid);
}

#[test]
fn a_committee_of_more_than_ten_members_uses_general_key_sums() {
    let secrets: Vec<SecretKey> = (1..=11).map(secret).collect();
    let members: Vec<MemberKey> = secrets.iter().map(|s| member(s, 1)).collect();
    let committee = Committee::new(&members, None).unwrap();
    assert_eq!(committee.threshold(), 7);
    assert!(committee.pinned_table().is_none());
    let rules = rules();
    let seven: Vec<&SecretKey> = secrets.iter().take(7).collect();
    let header = signed(&seven, &committee);
    assert_eq!(header.signature.as_ref().unwrap().bitmask.len(), 2);
    assert!(verify_pinned(&header, &committee, &rules).is_none());
    let verdict = verify_certificate(&header, &committee, &rules);
    assert!(verdict.valid, "{verdict:?}");
    assert_eq!(verdict.signed_weight, 7);
    let verdict = verify_certificate(&signed(&seven[..6], &committee), &committee, &rules);
    assert!(!verdict.check("quorum").unwrap().ok && verdict.valid_without(&["quorum"]));
}

#[test]
fn members_are_sorted_and_a_wrong_description_is_refused() {
    let (a, b) = (member(&secret(1), 5), member(&secret(2), 7));
    let forward = Committee::new(&[a.clone(), b.clone()], Some(9)).unwrap();
    let backward = Committee::new(&[b.clone(), a.clone()], Some(9)).unwrap();
    let addresses = |c: &Committee| c.members().iter().map(|m| m.address).collect::<Vec<_>>();
    assert_eq!(addresses(&forward), addresses(&backward));
    assert!(addresses(&forward).is_sorted());
    assert_eq!((forward.threshold(), forward.total_weight()), (9, 12));

    let refused = |entries: &[MemberKey]| Committee::new(entries, None).unwrap_err();
    assert_eq!(refused(&[]), CommitteeError::Empty);
    assert_eq!(refused(&[a.clone(), a.clone()]), CommitteeError::Duplicate);
    let heavy = MemberKey {
        weight: u64::MAX,
        ..b.clone()
    };
    assert_eq!(refused(&[a.clone(), heavy]), CommitteeError::Weight);
    let misnamed = MemberKey {
        address: Some([1; 32]),
        ..b.clone()
    };
    assert_eq!(refused(&[a.clone(), misnamed]), CommitteeError::Address(1));
    for length in [0, 74, 584, 586] {
        let short = MemberKey {
            public_key: vec![2; length],
            ..b.clone()
        };
        assert!(matches!(
            refused(&[short]),
            CommitteeError::Key { index: 0, .. }
        ));
    }
    assert_eq!(refused(&vec![a; 4097]), CommitteeError::TooMany(4097));
}

#[test]
fn the_largest_weights_have_a_threshold_without_overflow() {
    let heavy = Committee::new(&[member(&secret(1), u64::MAX)], None).unwrap();
    assert_eq!(heavy.threshold(), u64::MAX / 3 * 2);
    let weightless = Committee::new(&[member(&secret(1), 0)], None).unwrap();
    assert_eq!(weightless.threshold(), 0);
}

#[test]
fn a_longer_bitmask_is_accepted_when_its_surplus_bits_are_zero() {
    let secrets: Vec<SecretKey> = (1..=3).map(secret).collect();
    let members: Vec<MemberKey> = secrets.iter().map(|s| member(s, 1)).collect();
    let committee = Committee::new(&members, None).unwrap();
    let mut header = signed(&secrets.iter().collect::<Vec<_>>(), &committee);
    let mut with_bitmask = |bitmask: Vec<u8>| {
        header.signature.as_mut().unwrap().bitmask = bitmask;
        verify_certificate(&header, &committee, &rules())
    };
    assert!(with_bitmask([&[7], &[0u8; 31][..]].concat()).valid);
    let verdict = with_bitmask(vec![0b1111]);
    assert!(!verdict.check("bitmask").unwrap().ok && verdict.valid_without(&["bitmask"]));
    assert_eq!(verdict.signers, [0, 1, 2, 3]);
}

#[test]
fn of_two_subsets_with_one_key_sum_the_lighter_one_counts() {
    let (a, b) = (secret(1), secret(2));
    let sum = bls48581::aggregate_keys(&[a.public_key(), b.public_key()]).unwrap();
    let third = MemberKey {
        public_key: sum.to_bytes().to_vec(),
        weight: 100,
        address: None,
    };
    let committee = Committee::new(&[member(&a, 1), member(&b, 1), third], None).unwrap();
    let found = committee
        .pinned_table()
        .unwrap()
        .lookup(&sum.to_bytes())
        .unwrap();
    assert_eq!(found.len(), 2);
    let verdict = verify_pinned(&signed(&[&a, &b], &committee), &committee, &rules()).unwrap();
    assert_eq!(verdict.signed_weight, 2);
    assert!(!verdict.check("quorum").unwrap().ok);
}
