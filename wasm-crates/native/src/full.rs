//! Calls of the full module only.

use crate::{slices, thrown, unsigned};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::{BigInt, FnArgs, Function, Uint8Array};
use napi_derive::napi;

/// JSON `EngineKeyPair`.
#[napi(js_name = "blsGenerateKey", catch_unwind)]
pub fn bls_generate_key(ikm: &[u8]) -> Result<String, Code> {
    calls::bls::generate_key(ikm).map_err(thrown)
}

/// Public key, 585 bytes.
#[napi(js_name = "blsPublicKey", catch_unwind)]
pub fn bls_public_key(secret_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::public_key(secret_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Signature, 74 bytes.
#[napi(js_name = "blsSign", catch_unwind)]
pub fn bls_sign(secret_key: &[u8], message: &[u8], domain: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::sign(secret_key, message, domain)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Several keys, several messages, one signature.
#[napi(js_name = "blsVerifyMulti", catch_unwind)]
#[must_use]
pub fn bls_verify_multi(
    keys: Vec<Uint8Array>,
    signature: &[u8],
    messages: Vec<Uint8Array>,
    domain: &[u8],
) -> bool {
    calls::bls::verify_multi(&slices(&keys), signature, &slices(&messages), domain)
}

/// Independent signatures at once, by a random combination.
#[napi(js_name = "blsVerifyBatch", catch_unwind)]
pub fn bls_verify_batch(
    keys: Vec<Uint8Array>,
    signatures: Vec<Uint8Array>,
    messages: Vec<Uint8Array>,
    domains: Vec<Uint8Array>,
    randomness: &[u8],
) -> Result<bool, Code> {
    calls::bls::verify_batch(
        &slices(&keys),
        &slices(&signatures),
        &slices(&messages),
        &slices(&domains),
        randomness,
    )
    .map_err(thrown)
}

/// Proof of possession of a key.
#[napi(js_name = "blsVerifyPossession", catch_unwind)]
#[must_use]
pub fn bls_verify_possession(public_key: &[u8], proof: &[u8]) -> bool {
    calls::bls::verify_possession(public_key, proof)
}

/// Sum of keys.
#[napi(js_name = "blsAggregateKeys", catch_unwind)]
pub fn bls_aggregate_keys(keys: Vec<Uint8Array>) -> Result<Uint8Array, Code> {
    calls::bls::aggregate_keys(&slices(&keys))
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Sum of signatures.
#[napi(js_name = "blsAggregateSignatures", catch_unwind)]
pub fn bls_aggregate_signatures(signatures: Vec<Uint8Array>) -> Result<Uint8Array, Code> {
    calls::bls::aggregate_signatures(&slices(&signatures))
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Strict decoding, uncompressed encoding out.
#[napi(js_name = "blsDecodeG1", catch_unwind)]
pub fn bls_decode_g1(point: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::decode_g1(point)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Strict decoding, uncompressed encoding out.
#[napi(js_name = "blsDecodeG2", catch_unwind)]
pub fn bls_decode_g2(point: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::decode_g2(point)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Subgroup test alone.
#[napi(js_name = "blsInSubgroupG1", catch_unwind)]
pub fn bls_in_subgroup_g1(point: &[u8]) -> Result<bool, Code> {
    calls::bls::in_subgroup_g1(point).map_err(thrown)
}

/// Subgroup test alone.
#[napi(js_name = "blsInSubgroupG2", catch_unwind)]
pub fn bls_in_subgroup_g2(point: &[u8]) -> Result<bool, Code> {
    calls::bls::in_subgroup_g2(point).map_err(thrown)
}

/// JSON of the steps of hashing to the curve.
#[napi(js_name = "blsHashToCurve", catch_unwind)]
pub fn bls_hash_to_curve(message: &[u8]) -> Result<String, Code> {
    calls::bls::hash_to_curve(message).map_err(thrown)
}

/// Hash of a message to G1, compressed.
#[napi(js_name = "blsHashToG1", catch_unwind)]
pub fn bls_hash_to_g1(message: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::hash_to_g1(message)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// JSON of the curve constants.
#[napi(js_name = "blsParams", catch_unwind)]
pub fn bls_params() -> Result<String, Code> {
    calls::bls::params().map_err(thrown)
}

/// Arithmetic mod r.
#[napi(js_name = "blsScalar", catch_unwind)]
pub fn bls_scalar(operation: String, a: &[u8], b: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::scalar(&operation, a, b)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Multiple of the G1 generator, compressed.
#[napi(js_name = "blsMultiplyGeneratorG1", catch_unwind)]
pub fn bls_multiply_generator_g1(scalar: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::multiply_generator_g1(scalar)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Multiple of the G2 generator, compressed.
#[napi(js_name = "blsMultiplyGeneratorG2", catch_unwind)]
pub fn bls_multiply_generator_g2(scalar: &[u8]) -> Result<Uint8Array, Code> {
    calls::bls::multiply_generator_g2(scalar)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Poseidon of field elements.
#[napi(js_name = "poseidonHashElements", catch_unwind)]
pub fn poseidon_hash_elements(elements: Vec<Uint8Array>) -> Result<Uint8Array, Code> {
    calls::poseidon::hash_elements(&slices(&elements))
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Magnitude of the discriminant.
#[napi(js_name = "vdfDiscriminant", catch_unwind)]
pub fn vdf_discriminant(challenge: &[u8], bits: u32) -> Result<Uint8Array, Code> {
    calls::vdf::discriminant(challenge, bits)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// One form operation.
#[napi(js_name = "vdfForm", catch_unwind)]
pub fn vdf_form(
    operation: String,
    challenge: &[u8],
    f: &[u8],
    g: &[u8],
) -> Result<Uint8Array, Code> {
    calls::vdf::form(&operation, challenge, f, g)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Power of a form.
#[napi(js_name = "vdfFormPower", catch_unwind)]
pub fn vdf_form_power(challenge: &[u8], f: &[u8], exponent: &[u8]) -> Result<Uint8Array, Code> {
    calls::vdf::form_power(challenge, f, exponent)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Repeated squaring.
#[napi(js_name = "vdfFormSquareN", catch_unwind)]
pub fn vdf_form_square_n(challenge: &[u8], f: &[u8], n: u32) -> Result<Uint8Array, Code> {
    calls::vdf::form_square_n(challenge, f, n)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Output and proof, 516 bytes. `progress(done, total)` returning true cancels, as does an exception it throws.
#[napi(js_name = "vdfSolve", catch_unwind)]
pub fn vdf_solve(
    challenge: &[u8],
    difficulty: u32,
    progress: Option<Function<FnArgs<(u32, u32)>, bool>>,
) -> Result<Uint8Array, Code> {
    let mut report = |done: u32, total: u32| match &progress {
        Some(callback) => callback.call((done, total).into()).unwrap_or(true),
        None => false,
    };
    calls::vdf::solve(challenge, difficulty, &mut report)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// One solution of the multi-prover variant.
#[napi(js_name = "vdfMultiSolve", catch_unwind)]
pub fn vdf_multi_solve(
    challenge: &[u8],
    difficulty: u32,
    ids: Vec<Uint8Array>,
    index: u32,
) -> Result<Uint8Array, Code> {
    calls::vdf::multi_solve(challenge, difficulty, &slices(&ids), index)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Joint verification.
#[napi(js_name = "vdfMultiVerify", catch_unwind)]
#[must_use]
pub fn vdf_multi_verify(
    challenge: &[u8],
    difficulty: u32,
    ids: Vec<Uint8Array>,
    solutions: Vec<Uint8Array>,
) -> bool {
    calls::vdf::multi_verify(challenge, difficulty, &slices(&ids), &slices(&solutions))
}

/// JSON of the intermediate values.
#[napi(js_name = "vdfMultiValues", catch_unwind)]
pub fn vdf_multi_values(
    challenge: &[u8],
    difficulty: u32,
    ids: Vec<Uint8Array>,
) -> Result<String, Code> {
    calls::vdf::multi_values(challenge, difficulty, &slices(&ids)).map_err(thrown)
}

/// Re-encodes a global header.
#[napi(js_name = "globalHeaderEncode", catch_unwind)]
pub fn global_header_encode(header: &[u8], form: String) -> Result<Uint8Array, Code> {
    calls::header::global_encode(header, &form)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Re-encodes an app header.
#[napi(js_name = "appHeaderEncode", catch_unwind)]
pub fn app_header_encode(header: &[u8], form: String) -> Result<Uint8Array, Code> {
    calls::header::app_encode(header, &form)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Protobuf bytes of a global header from JSON fields.
#[napi(js_name = "globalHeaderBuild", catch_unwind)]
pub fn global_header_build(fields: String) -> Result<Uint8Array, Code> {
    calls::header::global_build(&fields)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// JSON facts of an app header.
#[napi(js_name = "appHeaderFacts", catch_unwind)]
pub fn app_header_facts(header: &[u8]) -> Result<String, Code> {
    calls::header::app_facts(header).map_err(thrown)
}

/// JSON verdict on an app header.
#[napi(js_name = "verifyAppHeader", catch_unwind)]
pub fn verify_app_header(
    header: &[u8],
    committee: String,
    ids: Vec<Uint8Array>,
) -> Result<String, Code> {
    calls::header::verify_app(header, &committee, &slices(&ids)).map_err(thrown)
}

/// JSON of vote and timeout messages with their domains.
#[napi(js_name = "signingMessages", catch_unwind)]
pub fn signing_messages(
    filter: &[u8],
    identity: &[u8],
    rank: BigInt,
    newest_qc_rank: BigInt,
) -> Result<String, Code> {
    let (rank, newest_qc_rank) = (unsigned(&rank)?, unsigned(&newest_qc_rank)?);
    calls::header::signing_messages(filter, identity, rank, newest_qc_rank).map_err(thrown)
}

/// JSON of the mainnet genesis constants.
#[napi(js_name = "mainnetGenesis", catch_unwind)]
pub fn mainnet_genesis() -> Result<String, Code> {
    calls::header::mainnet_genesis().map_err(thrown)
}

/// SHA3-256.
#[napi(js_name = "sha3_256", catch_unwind)]
#[must_use]
pub fn sha3_256(message: &[u8]) -> Uint8Array {
    Uint8Array::new(calls::header::sha3_256(message))
}

/// Runs the benchmark unit that many times (docs/benchmarks.md).
#[napi(js_name = "calibrationUnit", catch_unwind)]
#[must_use]
pub fn calibration_unit(iterations: u32) -> u32 {
    calls::unit::run(iterations)
}
