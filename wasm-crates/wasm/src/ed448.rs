//! Ed448, Decaf448 and the agreement keys (spec 10 sections 4, 5).

use crate::{copies, slices, thrown};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

type Bytes = Result<Vec<u8>, JsValue>;

/// Public key of a seed, 57 bytes.
#[wasm_bindgen(js_name = ed448PublicKey)]
pub fn ed448_public_key(private_key: &[u8]) -> Bytes {
    calls::ed448::public_key(private_key).map_err(thrown)
}

/// Signature with empty context, 114 bytes.
#[wasm_bindgen(js_name = ed448Sign)]
pub fn ed448_sign(private_key: &[u8], message: &[u8]) -> Bytes {
    calls::ed448::sign(private_key, message).map_err(thrown)
}

/// What `ed448SignExpanded` takes, 171 bytes, secret.
#[wasm_bindgen(js_name = ed448ExpandedKey)]
pub fn ed448_expanded_key(private_key: &[u8]) -> Bytes {
    calls::ed448::expanded_key(private_key).map_err(thrown)
}

/// The signature of `ed448Sign`, by an expanded key.
#[wasm_bindgen(js_name = ed448SignExpanded)]
pub fn ed448_sign_expanded(expanded: &[u8], message: &[u8]) -> Bytes {
    calls::ed448::sign_expanded(expanded, message).map_err(thrown)
}

/// Verdict by the rule of spec 10 section 4.
#[wasm_bindgen(js_name = ed448Verify)]
#[must_use]
pub fn ed448_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    calls::ed448::verify(public_key, message, signature)
}

/// Verdicts of each, 1 or 0, all together.
#[wasm_bindgen(js_name = ed448VerifyBatch)]
pub fn ed448_verify_batch(
    keys: Vec<Uint8Array>,
    messages: Vec<Uint8Array>,
    signatures: Vec<Uint8Array>,
) -> Bytes {
    let (keys, messages, signatures) = (copies(&keys), copies(&messages), copies(&signatures));
    calls::ed448::verify_batch(&slices(&keys), &slices(&messages), &slices(&signatures))
        .map_err(thrown)
}

/// Public key of an agreement secret, 57 bytes.
#[wasm_bindgen(js_name = agreementPublicKey)]
pub fn agreement_public_key(secret: &[u8]) -> Bytes {
    calls::ed448::agreement_public_key(secret).map_err(thrown)
}

/// Shared secret of agreement keys, 57 bytes.
#[wasm_bindgen(js_name = agreementAgree)]
pub fn agreement_agree(secret: &[u8], public_key: &[u8]) -> Bytes {
    calls::ed448::agreement_agree(secret, public_key).map_err(thrown)
}

/// Encoding of the `first` or `second` generator.
#[wasm_bindgen(js_name = decafGenerator)]
pub fn decaf_generator(which: &str) -> Bytes {
    calls::ed448::decaf_generator(which).map_err(thrown)
}

/// Strict decoding, encoded again.
#[wasm_bindgen(js_name = decafDecode)]
pub fn decaf_decode(point: &[u8]) -> Bytes {
    calls::ed448::decaf_decode(point).map_err(thrown)
}

/// Arithmetic of scalars.
#[wasm_bindgen(js_name = decafScalar)]
pub fn decaf_scalar(operation: &str, a: &[u8], b: &[u8]) -> Bytes {
    calls::ed448::decaf_scalar(operation, a, b).map_err(thrown)
}

/// Sum or difference of points.
#[wasm_bindgen(js_name = decafPoint)]
pub fn decaf_point(operation: &str, a: &[u8], b: &[u8]) -> Bytes {
    calls::ed448::decaf_point(operation, a, b).map_err(thrown)
}

/// Multiple of a point.
#[wasm_bindgen(js_name = decafMultiply)]
pub fn decaf_multiply(scalar: &[u8], point: &[u8]) -> Bytes {
    calls::ed448::decaf_multiply(scalar, point).map_err(thrown)
}

/// Multiple of the first generator.
#[wasm_bindgen(js_name = decafMultiplyGenerator)]
pub fn decaf_multiply_generator(scalar: &[u8]) -> Bytes {
    calls::ed448::decaf_multiply_generator(scalar).map_err(thrown)
}

/// Shared secret, 56 bytes.
#[wasm_bindgen(js_name = decafAgree)]
pub fn decaf_agree(secret: &[u8], public_key: &[u8]) -> Bytes {
    calls::ed448::decaf_agree(secret, public_key).map_err(thrown)
}

/// Hash of the shared secret and its multiple of the generator, 112 bytes.
#[wasm_bindgen(js_name = decafAgreeHash)]
pub fn decaf_agree_hash(secret: &[u8], public_key: &[u8]) -> Bytes {
    calls::ed448::decaf_agree_hash(secret, public_key).map_err(thrown)
}

/// Hash to an unreduced scalar.
#[wasm_bindgen(js_name = decafHashToScalar)]
#[must_use]
pub fn decaf_hash_to_scalar(message: &[u8]) -> Vec<u8> {
    calls::ed448::decaf_hash_to_scalar(message)
}

/// Simple signature, 112 bytes.
#[wasm_bindgen(js_name = decafSign)]
pub fn decaf_sign(secret: &[u8], message: &[u8], randomness: &[u8]) -> Bytes {
    calls::ed448::decaf_sign(secret, message, randomness).map_err(thrown)
}

/// Verdict on a simple signature.
#[wasm_bindgen(js_name = decafVerify)]
#[must_use]
pub fn decaf_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    calls::ed448::decaf_verify(public_key, message, signature)
}
