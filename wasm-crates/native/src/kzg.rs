//! KZG commitments (spec 20 sections 1 to 6).

use crate::{slices, thrown};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::{Uint8Array, Uint32Array};
use napi_derive::napi;

/// Commitment to data in 64-byte chunks, 74 bytes.
#[napi(js_name = "kzgCommit", catch_unwind)]
pub fn kzg_commit(data: &[u8], size: u32) -> Result<Uint8Array, Code> {
    calls::kzg::commit(data, size)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Proof of one slot, 74 bytes.
#[napi(js_name = "kzgOpen", catch_unwind)]
pub fn kzg_open(data: &[u8], index: u32, size: u32) -> Result<Uint8Array, Code> {
    calls::kzg::open(data, index, size)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Whether the proof opens the slot; strict.
#[napi(js_name = "kzgVerify", catch_unwind)]
pub fn kzg_verify(
    commitment: &[u8],
    index: u32,
    value: &[u8],
    proof: &[u8],
    size: u32,
) -> Result<bool, Code> {
    calls::kzg::verify(commitment, index, value, proof, size).map_err(thrown)
}

/// Multiproof of one slot of each vector, plain form.
#[napi(js_name = "kzgMultiprove", catch_unwind)]
pub fn kzg_multiprove(
    commitments: Vec<Uint8Array>,
    vectors: Vec<Uint8Array>,
    indices: Uint32Array,
    size: u32,
) -> Result<Uint8Array, Code> {
    calls::kzg::multiprove(&slices(&commitments), &slices(&vectors), &indices, size)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Whether the multiproof opens every statement; strict.
#[napi(js_name = "kzgMultiVerify", catch_unwind)]
pub fn kzg_multi_verify(
    commitments: Vec<Uint8Array>,
    indices: Uint32Array,
    values: Vec<Uint8Array>,
    multicommitment: &[u8],
    proof: &[u8],
    size: u32,
) -> Result<bool, Code> {
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
#[napi(js_name = "kzgSetup", catch_unwind)]
pub fn kzg_setup() -> Result<String, Code> {
    calls::kzg::setup().map_err(thrown)
}
