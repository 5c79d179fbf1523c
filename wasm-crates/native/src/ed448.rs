//! Ed448, Decaf448 and the agreement keys (spec 10 sections 4, 5).

use crate::{slices, thrown};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// Public key of a seed, 57 bytes.
#[napi(js_name = "ed448PublicKey", catch_unwind)]
pub fn ed448_public_key(private_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::public_key(private_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Signature with empty context, 114 bytes.
#[napi(js_name = "ed448Sign", catch_unwind)]
pub fn ed448_sign(private_key: &[u8], message: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::sign(private_key, message)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// What `ed448SignExpanded` takes, 171 bytes, secret.
#[napi(js_name = "ed448ExpandedKey", catch_unwind)]
pub fn ed448_expanded_key(private_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::expanded_key(private_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// The signature of `ed448Sign`, by an expanded key.
#[napi(js_name = "ed448SignExpanded", catch_unwind)]
pub fn ed448_sign_expanded(expanded: &[u8], message: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::sign_expanded(expanded, message)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Verdict by the rule of spec 10 section 4.
#[napi(js_name = "ed448Verify", catch_unwind)]
#[must_use]
pub fn ed448_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    calls::ed448::verify(public_key, message, signature)
}

/// Verdicts of each, 1 or 0, all together.
#[napi(js_name = "ed448VerifyBatch", catch_unwind)]
pub fn ed448_verify_batch(
    keys: Vec<Uint8Array>,
    messages: Vec<Uint8Array>,
    signatures: Vec<Uint8Array>,
) -> Result<Uint8Array, Code> {
    calls::ed448::verify_batch(&slices(&keys), &slices(&messages), &slices(&signatures))
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Public key of an agreement secret, 57 bytes.
#[napi(js_name = "agreementPublicKey", catch_unwind)]
pub fn agreement_public_key(secret: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::agreement_public_key(secret)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Shared secret of agreement keys, 57 bytes.
#[napi(js_name = "agreementAgree", catch_unwind)]
pub fn agreement_agree(secret: &[u8], public_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::agreement_agree(secret, public_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Encoding of the `first` or `second` generator.
#[napi(js_name = "decafGenerator", catch_unwind)]
pub fn decaf_generator(which: String) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_generator(&which)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Strict decoding, encoded again.
#[napi(js_name = "decafDecode", catch_unwind)]
pub fn decaf_decode(point: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_decode(point)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Arithmetic of scalars.
#[napi(js_name = "decafScalar", catch_unwind)]
pub fn decaf_scalar(operation: String, a: &[u8], b: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_scalar(&operation, a, b)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Sum or difference of points.
#[napi(js_name = "decafPoint", catch_unwind)]
pub fn decaf_point(operation: String, a: &[u8], b: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_point(&operation, a, b)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Multiple of a point.
#[napi(js_name = "decafMultiply", catch_unwind)]
pub fn decaf_multiply(scalar: &[u8], point: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_multiply(scalar, point)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Multiple of the first generator.
#[napi(js_name = "decafMultiplyGenerator", catch_unwind)]
pub fn decaf_multiply_generator(scalar: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_multiply_generator(scalar)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Shared secret, 56 bytes.
#[napi(js_name = "decafAgree", catch_unwind)]
pub fn decaf_agree(secret: &[u8], public_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_agree(secret, public_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Hash of the shared secret and its multiple of the generator, 112 bytes.
#[napi(js_name = "decafAgreeHash", catch_unwind)]
pub fn decaf_agree_hash(secret: &[u8], public_key: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_agree_hash(secret, public_key)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Hash to an unreduced scalar.
#[napi(js_name = "decafHashToScalar", catch_unwind)]
#[must_use]
pub fn decaf_hash_to_scalar(message: &[u8]) -> Uint8Array {
    Uint8Array::new(calls::ed448::decaf_hash_to_scalar(message))
}

/// Simple signature, 112 bytes.
#[napi(js_name = "decafSign", catch_unwind)]
pub fn decaf_sign(secret: &[u8], message: &[u8], randomness: &[u8]) -> Result<Uint8Array, Code> {
    calls::ed448::decaf_sign(secret, message, randomness)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Verdict on a simple signature.
#[napi(js_name = "decafVerify", catch_unwind)]
#[must_use]
pub fn decaf_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    calls::ed448::decaf_verify(public_key, message, signature)
}
