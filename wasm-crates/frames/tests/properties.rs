//! Random bytes into every decoder, and mutations of valid headers: a value or a typed error, and
//! every accepted encoding is the only one.

mod common;

use std::sync::OnceLock;

use common::{bytes, file};
use frames::{AggregateSignature, AppHeader, GlobalHeader, QuorumCertificate, verify_certificate};
use proptest::prelude::*;

/// What decodes from protobuf encodes to the same bytes; what decodes from canonical bytes encodes to
/// a prefix of them when it is written without surplus, and decodes again to itself.
fn decode_everything(input: &[u8]) {
    if let Ok(x) = GlobalHeader::from_protobuf(input) {
        assert_eq!(x.to_protobuf(), input);
    }
    if let Ok(x) = AppHeader::from_protobuf(input) {
        assert_eq!(x.to_protobuf(), input);
    }
    if let Ok(x) = AggregateSignature::from_protobuf(input) {
        assert_eq!(x.to_protobuf(), input);
    }
    if let Ok(x) = QuorumCertificate::from_protobuf(input) {
        assert_eq!(x.to_protobuf(), input);
    }
    if let Ok(x) = GlobalHeader::from_canonical(input) {
        let encoded = x.to_canonical().unwrap();
        assert!(encoded.len() <= input.len());
        assert_eq!(GlobalHeader::from_canonical(&encoded), Ok(x));
    }
    if let Ok(x) = AppHeader::from_canonical(input) {
        let encoded = x.to_canonical().unwrap();
        assert!(encoded.len() <= input.len());
        assert_eq!(AppHeader::from_canonical(&encoded), Ok(x));
    }
    if let Ok(x) = AggregateSignature::from_canonical(input) {
        let encoded = x.to_canonical().unwrap();
        assert!(encoded.len() <= input.len());
        assert_eq!(AggregateSignature::from_canonical(&encoded), Ok(x));
    }
}

fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(load_samples)
}

fn load_samples() -> Vec<Vec<u8>> {
    let global = bytes(&file("frames/global_chain.json")["cases"][5]["header_pb"]);
    let app = bytes(&file("frames/app_chain.json")["cases"][11]["header_pb"]);
    let certificate = bytes(&file("frames/global_chain.json")["cases"][5]["quorum_certificate_pb"]);
    let canonical = GlobalHeader::from_bytes(&global)
        .unwrap()
        .to_canonical()
        .unwrap();
    let header = AppHeader::from_bytes(&app).unwrap();
    let canonical_app = header.to_canonical().unwrap();
    let aggregate = header.signature.unwrap();
    let inner = [aggregate.to_protobuf(), aggregate.to_canonical().unwrap()];
    let mut all = vec![global, app, certificate, canonical, canonical_app];
    all.extend(inner);
    all
}

#[test]
fn frm_06_every_truncation_of_a_header_is_refused_or_is_another_message() {
    for sample in samples() {
        for length in (0..sample.len()).step_by(1 + sample.len() / 2000) {
            decode_everything(&sample[..length]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn random_bytes_never_panic(input in proptest::collection::vec(any::<u8>(), 0..1200)) {
        decode_everything(&input);
    }

    #[test]
    fn random_bytes_behind_a_type_prefix_never_panic(
        kind in prop::sample::select(vec![[3u8, 9], [3, 10], [1, 0x1c]]),
        input in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..1200),
    ) {
        decode_everything(&[&[0, 0], &kind[..], &input].concat());
    }

    #[test]
    fn mutated_headers_never_panic_and_keep_one_encoding(
        which in 0usize..7,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut sample = samples()[which].clone();
        for (at, value) in edits {
            let at = at.index(sample.len());
            sample[at] = value;
        }
        decode_everything(&sample);
    }

    #[test]
    fn edits_of_the_first_bytes_reach_every_field_tag(
        which in 0usize..7,
        at in 0usize..64,
        value in any::<u8>(),
        insert in any::<bool>(),
    ) {
        let mut sample = samples()[which].clone();
        if insert {
            sample.insert(at, value);
        } else {
            sample.remove(at);
        }
        decode_everything(&sample);
    }
}

/// A changed byte may move a field that the vote does not cover; whatever is accepted still has the
/// vote's identity, rank, signature and key.
#[test]
fn mutated_headers_get_a_verdict_and_keep_what_the_vote_covers() {
    let root = file("frames/global_negative.json");
    let (committee, rules) = (common::committee(&root), common::rules());
    let sample = bytes(&root["cases"][0]["header_pb"]);
    let base = GlobalHeader::from_bytes(&sample).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    let mut state = 1u64;
    for _ in 0..120 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // Half of the changes fall on the last kilobyte, where the certificate stands.
        let span = if state >> 40 & 1 == 0 {
            sample.len()
        } else {
            1000
        };
        let at = sample.len() - 1 - (state >> 33) as usize % span;
        let mut mutated = sample.clone();
        mutated[at] ^= 1 << (state >> 60 & 7);
        let Ok(header) = GlobalHeader::from_bytes(&mutated) else {
            continue;
        };
        let verdict = verify_certificate(&header, &committee, &rules);
        if verdict.valid {
            assert_eq!((&header.output, header.rank), (&base.output, base.rank));
            assert_eq!(header.signature, base.signature);
            accepted += 1;
        } else {
            assert!(verdict.checks.iter().any(|check| check.reason.is_some()));
            refused += 1;
        }
    }
    assert!(
        accepted > 10 && refused > 10,
        "{accepted} accepted, {refused} refused"
    );
}
