//! KZG commitments, full module only (spec 20 sections 1 to 6).

use crate::{copies, slices, thrown};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

type Bytes = Result<Vec<u8>, JsValue>;

/// Commitment to data in 64-byte chunks, 74 bytes.
#[wasm_bindgen(js_name = kzgCommit)]
pub fn kzg_commit(data: &[u8], size: u32) -> Bytes {
    calls::kzg::commit(data, size).map_err(thrown)
}

/// Proof of one slot, 74 bytes.
#[wasm_bindgen(js_name = kzgOpen)]
pub fn kzg_open(data: &[u8], index: u32, size: u32) -> Bytes {
    calls::kzg::open(data, index, size).map_err(thrown)
}

/// Whether the proof opens the slot; strict.
#[wasm_bindgen(js_name = kzgVerify)]
pub fn kzg_verify(
    commitment: &[u8],
    index: u32,
    value: &[u8],
    proof: &[u8],
    size: u32,
) -> Result<bool, JsValue> {
    calls::kzg::verify(commitment, index, value, proof, size).map_err(thrown)
}

/// Multiproof of one slot of each vector, plain form.
#[wasm_bindgen(js_name = kzgMultiprove)]
pub fn kzg_multiprove(
    commitments: Vec<Uint8Array>,
    vectors: Vec<Uint8Array>,
    indices: Vec<u32>,
    size: u32,
) -> Bytes {
    let (commitments, vectors) = (copies(&commitments), copies(&vectors));
    calls::kzg::multiprove(&slices(&commitments), &slices(&vectors), &indices, size).map_err(thrown)
}

/// Whether the multiproof opens every statement; strict.
#[wasm_bindgen(js_name = kzgMultiVerify)]
pub fn kzg_multi_verify(
    commitments: Vec<Uint8Array>,
    indices: Vec<u32>,
    values: Vec<Uint8Array>,
    multicommitment: &[u8],
    proof: &[u8],
    size: u32,
) -> Result<bool, JsValue> {
    let (commitments, values) = (copies(&commitments), copies(&values));
    calls::kzg::verify_multiproof(
        &slices(&commitments),
        &indices,
        &slices(&values),
        multicommitment,
        proof,
        size,
    )
    .map_err(thrown)
}

/// JSON facts of the set-up.
#[wasm_bindgen(js_name = kzgSetup)]
pub fn kzg_setup() -> Result<String, JsValue> {
    calls::kzg::setup().map_err(thrown)
}
