//! Calls of the full module only.

use crate::{copies, slices, thrown};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

type Bytes = Result<Vec<u8>, JsValue>;
type Json = Result<String, JsValue>;

/// JSON `EngineKeyPair`.
#[wasm_bindgen(js_name = blsGenerateKey)]
pub fn bls_generate_key(ikm: &[u8]) -> Json {
    calls::bls::generate_key(ikm).map_err(thrown)
}

/// Public key, 585 bytes.
#[wasm_bindgen(js_name = blsPublicKey)]
pub fn bls_public_key(secret_key: &[u8]) -> Bytes {
    calls::bls::public_key(secret_key).map_err(thrown)
}

/// Signature, 74 bytes.
#[wasm_bindgen(js_name = blsSign)]
pub fn bls_sign(secret_key: &[u8], message: &[u8], domain: &[u8]) -> Bytes {
    calls::bls::sign(secret_key, message, domain).map_err(thrown)
}

/// Several keys, several messages, one signature.
#[wasm_bindgen(js_name = blsVerifyMulti)]
#[must_use]
pub fn bls_verify_multi(
    keys: Vec<Uint8Array>,
    signature: &[u8],
    messages: Vec<Uint8Array>,
    domain: &[u8],
) -> bool {
    let (keys, messages) = (copies(&keys), copies(&messages));
    calls::bls::verify_multi(&slices(&keys), signature, &slices(&messages), domain)
}

/// Independent signatures at once, by a random combination.
#[wasm_bindgen(js_name = blsVerifyBatch)]
pub fn bls_verify_batch(
    keys: Vec<Uint8Array>,
    signatures: Vec<Uint8Array>,
    messages: Vec<Uint8Array>,
    domains: Vec<Uint8Array>,
    randomness: &[u8],
) -> Result<bool, JsValue> {
    let (keys, signatures) = (copies(&keys), copies(&signatures));
    let (messages, domains) = (copies(&messages), copies(&domains));
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
#[wasm_bindgen(js_name = blsVerifyPossession)]
#[must_use]
pub fn bls_verify_possession(public_key: &[u8], proof: &[u8]) -> bool {
    calls::bls::verify_possession(public_key, proof)
}

/// Sum of keys.
#[wasm_bindgen(js_name = blsAggregateKeys)]
pub fn bls_aggregate_keys(keys: Vec<Uint8Array>) -> Bytes {
    calls::bls::aggregate_keys(&slices(&copies(&keys))).map_err(thrown)
}

/// Sum of signatures.
#[wasm_bindgen(js_name = blsAggregateSignatures)]
pub fn bls_aggregate_signatures(signatures: Vec<Uint8Array>) -> Bytes {
    calls::bls::aggregate_signatures(&slices(&copies(&signatures))).map_err(thrown)
}

/// Strict decoding, uncompressed encoding out.
#[wasm_bindgen(js_name = blsDecodeG1)]
pub fn bls_decode_g1(point: &[u8]) -> Bytes {
    calls::bls::decode_g1(point).map_err(thrown)
}

/// Strict decoding, uncompressed encoding out.
#[wasm_bindgen(js_name = blsDecodeG2)]
pub fn bls_decode_g2(point: &[u8]) -> Bytes {
    calls::bls::decode_g2(point).map_err(thrown)
}

/// Subgroup test alone.
#[wasm_bindgen(js_name = blsInSubgroupG1)]
pub fn bls_in_subgroup_g1(point: &[u8]) -> Result<bool, JsValue> {
    calls::bls::in_subgroup_g1(point).map_err(thrown)
}

/// Subgroup test alone.
#[wasm_bindgen(js_name = blsInSubgroupG2)]
pub fn bls_in_subgroup_g2(point: &[u8]) -> Result<bool, JsValue> {
    calls::bls::in_subgroup_g2(point).map_err(thrown)
}

/// JSON of the steps of hashing to the curve.
#[wasm_bindgen(js_name = blsHashToCurve)]
pub fn bls_hash_to_curve(message: &[u8]) -> Json {
    calls::bls::hash_to_curve(message).map_err(thrown)
}

/// Hash of a message to G1, compressed.
#[wasm_bindgen(js_name = blsHashToG1)]
pub fn bls_hash_to_g1(message: &[u8]) -> Bytes {
    calls::bls::hash_to_g1(message).map_err(thrown)
}

/// JSON of the curve constants.
#[wasm_bindgen(js_name = blsParams)]
pub fn bls_params() -> Json {
    calls::bls::params().map_err(thrown)
}

/// Arithmetic mod r.
#[wasm_bindgen(js_name = blsScalar)]
pub fn bls_scalar(operation: &str, a: &[u8], b: &[u8]) -> Bytes {
    calls::bls::scalar(operation, a, b).map_err(thrown)
}

/// Multiple of the G1 generator, compressed.
#[wasm_bindgen(js_name = blsMultiplyGeneratorG1)]
pub fn bls_multiply_generator_g1(scalar: &[u8]) -> Bytes {
    calls::bls::multiply_generator_g1(scalar).map_err(thrown)
}

/// Multiple of the G2 generator, compressed.
#[wasm_bindgen(js_name = blsMultiplyGeneratorG2)]
pub fn bls_multiply_generator_g2(scalar: &[u8]) -> Bytes {
    calls::bls::multiply_generator_g2(scalar).map_err(thrown)
}

/// Poseidon of field elements.
#[wasm_bindgen(js_name = poseidonHashElements)]
pub fn poseidon_hash_elements(elements: Vec<Uint8Array>) -> Bytes {
    calls::poseidon::hash_elements(&slices(&copies(&elements))).map_err(thrown)
}

/// Magnitude of the discriminant.
#[wasm_bindgen(js_name = vdfDiscriminant)]
pub fn vdf_discriminant(challenge: &[u8], bits: u32) -> Bytes {
    calls::vdf::discriminant(challenge, bits).map_err(thrown)
}

/// One form operation.
#[wasm_bindgen(js_name = vdfForm)]
pub fn vdf_form(operation: &str, challenge: &[u8], f: &[u8], g: &[u8]) -> Bytes {
    calls::vdf::form(operation, challenge, f, g).map_err(thrown)
}

/// Power of a form.
#[wasm_bindgen(js_name = vdfFormPower)]
pub fn vdf_form_power(challenge: &[u8], f: &[u8], exponent: &[u8]) -> Bytes {
    calls::vdf::form_power(challenge, f, exponent).map_err(thrown)
}

/// Repeated squaring.
#[wasm_bindgen(js_name = vdfFormSquareN)]
pub fn vdf_form_square_n(challenge: &[u8], f: &[u8], n: u32) -> Bytes {
    calls::vdf::form_square_n(challenge, f, n).map_err(thrown)
}

/// Output and proof, 516 bytes. `progress(done, total)` returning true cancels, as does an exception it throws.
#[wasm_bindgen(js_name = vdfSolve)]
pub fn vdf_solve(challenge: &[u8], difficulty: u32, progress: Option<Function>) -> Bytes {
    let mut report = |done: u32, total: u32| match &progress {
        Some(callback) => callback
            .call2(&JsValue::NULL, &done.into(), &total.into())
            .map_or(true, |answer| answer.as_bool() == Some(true)),
        None => false,
    };
    calls::vdf::solve(challenge, difficulty, &mut report).map_err(thrown)
}

/// One solution of the multi-prover variant.
#[wasm_bindgen(js_name = vdfMultiSolve)]
pub fn vdf_multi_solve(
    challenge: &[u8],
    difficulty: u32,
    ids: Vec<Uint8Array>,
    index: u32,
) -> Bytes {
    calls::vdf::multi_solve(challenge, difficulty, &slices(&copies(&ids)), index).map_err(thrown)
}

/// Joint verification.
#[wasm_bindgen(js_name = vdfMultiVerify)]
#[must_use]
pub fn vdf_multi_verify(
    challenge: &[u8],
    difficulty: u32,
    ids: Vec<Uint8Array>,
    solutions: Vec<Uint8Array>,
) -> bool {
    let (ids, solutions) = (copies(&ids), copies(&solutions));
    calls::vdf::multi_verify(challenge, difficulty, &slices(&ids), &slices(&solutions))
}

/// JSON of the intermediate values.
#[wasm_bindgen(js_name = vdfMultiValues)]
pub fn vdf_multi_values(challenge: &[u8], difficulty: u32, ids: Vec<Uint8Array>) -> Json {
    calls::vdf::multi_values(challenge, difficulty, &slices(&copies(&ids))).map_err(thrown)
}

/// Re-encodes a global header.
#[wasm_bindgen(js_name = globalHeaderEncode)]
pub fn global_header_encode(header: &[u8], form: &str) -> Bytes {
    calls::header::global_encode(header, form).map_err(thrown)
}

/// Re-encodes an app header.
#[wasm_bindgen(js_name = appHeaderEncode)]
pub fn app_header_encode(header: &[u8], form: &str) -> Bytes {
    calls::header::app_encode(header, form).map_err(thrown)
}

/// Protobuf bytes of a global header from JSON fields.
#[wasm_bindgen(js_name = globalHeaderBuild)]
pub fn global_header_build(fields: &str) -> Bytes {
    calls::header::global_build(fields).map_err(thrown)
}

/// JSON facts of an app header.
#[wasm_bindgen(js_name = appHeaderFacts)]
pub fn app_header_facts(header: &[u8]) -> Json {
    calls::header::app_facts(header).map_err(thrown)
}

/// JSON verdict on an app header.
#[wasm_bindgen(js_name = verifyAppHeader)]
pub fn verify_app_header(header: &[u8], committee: &str, ids: Vec<Uint8Array>) -> Json {
    calls::header::verify_app(header, committee, &slices(&copies(&ids))).map_err(thrown)
}

/// JSON of vote and timeout messages with their domains.
#[wasm_bindgen(js_name = signingMessages)]
pub fn signing_messages(filter: &[u8], identity: &[u8], rank: u64, newest_qc_rank: u64) -> Json {
    calls::header::signing_messages(filter, identity, rank, newest_qc_rank).map_err(thrown)
}

/// JSON of the mainnet genesis constants.
#[wasm_bindgen(js_name = mainnetGenesis)]
pub fn mainnet_genesis() -> Json {
    calls::header::mainnet_genesis().map_err(thrown)
}

/// SHA3-256.
#[wasm_bindgen(js_name = sha3_256)]
#[must_use]
pub fn sha3_256(message: &[u8]) -> Vec<u8> {
    calls::header::sha3_256(message)
}

/// Runs the benchmark unit that many times (docs/benchmarks.md).
#[wasm_bindgen(js_name = calibrationUnit)]
#[must_use]
pub fn calibration_unit(iterations: u32) -> u32 {
    calls::unit::run(iterations)
}
