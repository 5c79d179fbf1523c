//! Random strings of 0..1200 bytes as forms, outputs and solutions: a verdict, never a panic.

use classgroup::{Discriminant, ELEMENT_BYTES, Error, Form, OUTPUT_BYTES, multi, verify_with};
use proptest::prelude::RngCore;
use proptest::test_runner::{RngAlgorithm, TestRng};

fn random_bytes(rng: &mut TestRng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn random_length(rng: &mut TestRng) -> usize {
    // Every third string has the length that passes the first check.
    match rng.next_u32() % 6 {
        0 => ELEMENT_BYTES,
        1 => OUTPUT_BYTES,
        _ => rng.next_u32() as usize % 1201,
    }
}

#[test]
fn random_strings_are_refused_without_a_panic() {
    let d = Discriminant::from_challenge(b"garbage", 2048).expect("a discriminant");
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for round in 0..100_000u32 {
        let length = random_length(&mut rng);
        let bytes = random_bytes(&mut rng, length);
        let strict = Form::decode_strict(&d, &bytes);
        let tolerant = Form::decode_tolerant(&d, &bytes);
        if length == ELEMENT_BYTES {
            assert!(strict.is_err() && tolerant.is_err());
        } else {
            assert_eq!(
                (strict, tolerant),
                (Err(Error::Length(length)), Err(Error::Length(length)))
            );
        }
        assert!(!verify_with(&d, round, &bytes));
        assert!(!multi::verify_with(
            &d,
            b"garbage",
            round,
            &[b"id"],
            &[&bytes]
        ));
    }
}

/// Forms that pass the check of the discriminant but are far from reduced, with the largest coefficients that
/// the encoding can carry.
#[test]
fn forms_far_from_reduced_are_reduced_or_refused() {
    let d = Discriminant::from_challenge(b"garbage", 2048).expect("a discriminant");
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    // (1, b) is of the discriminant for any odd b, and the class of the identity.
    for _ in 0..2000 {
        let mut bytes = vec![0; ELEMENT_BYTES];
        bytes[ELEMENT_BYTES / 2 - 1] = 1;
        let b = random_bytes(&mut rng, ELEMENT_BYTES / 2);
        bytes[ELEMENT_BYTES / 2..].copy_from_slice(&b);
        bytes[ELEMENT_BYTES - 1] |= 1;
        assert_eq!(Form::decode_strict(&d, &bytes), Err(Error::NotReduced));
        assert_eq!(Form::decode_tolerant(&d, &bytes), Ok(Form::identity(&d)));
    }
}

#[test]
fn small_and_extreme_coefficients_are_refused_or_reduced() {
    let d = Discriminant::from_challenge(b"garbage", 2048).expect("a discriminant");
    let half = ELEMENT_BYTES / 2;
    let extremes = |low: u8, fill: u8, high: u8| {
        let mut bytes = vec![fill; half];
        (bytes[0], bytes[half - 1]) = (high, low);
        bytes
    };
    for (low, fill, high) in [
        (0, 0, 0),
        (1, 0, 0),
        (2, 0, 0),
        (0xff, 0xff, 0xff),
        (0xff, 0xff, 0x7f),
        (0, 0, 0x80),
        (1, 0, 0x80),
    ] {
        for (low_b, fill_b, high_b) in [
            (0, 0, 0),
            (1, 0, 0),
            (3, 0, 0),
            (0xff, 0xff, 0xff),
            (0xff, 0xff, 0x7f),
            (0, 0, 0x80),
            (1, 0, 0x80),
        ] {
            let bytes = [extremes(low, fill, high), extremes(low_b, fill_b, high_b)].concat();
            if let Ok(form) = Form::decode_tolerant(&d, &bytes) {
                assert_eq!(Form::decode_strict(&d, &form.encode()), Ok(form));
            }
            let output = [bytes.clone(), bytes].concat();
            assert!(!verify_with(&d, 10, &output));
        }
    }
}
