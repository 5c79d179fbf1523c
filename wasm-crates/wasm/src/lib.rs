//! WebAssembly adapter: the calls of `core/platform/engine.ts`, converted and nothing else.
//!
//! Without features this is the *verifier* module; feature `full` adds signing, solving and the calls of the conformance runner.

#[cfg(feature = "full")]
mod ed448;
#[cfg(feature = "full")]
mod full;
#[cfg(feature = "full")]
mod hypergraph;
#[cfg(feature = "full")]
mod kzg;
#[cfg(feature = "full")]
mod tries;
mod verifier;

use calls::CallError;
use js_sys::{Error, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

/// An `Error` with the call's code in its `code` property.
fn thrown(error: CallError) -> JsValue {
    let value = Error::new(&error.message);
    // Setting a property of a fresh ordinary object cannot fail.
    let _ = Reflect::set(&value, &"code".into(), &error.code.as_str().into());
    value.into()
}

/// Copies of JavaScript byte arrays.
fn copies(list: &[Uint8Array]) -> Vec<Vec<u8>> {
    list.iter().map(Uint8Array::to_vec).collect()
}

/// Borrowed forms of copied byte arrays.
fn slices(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

/// Name of the kernel build: which instruction set the module was compiled for.
const fn build_name() -> &'static str {
    if cfg!(target_feature = "wide-arithmetic") {
        "wide"
    } else if cfg!(target_feature = "simd128") {
        "simd"
    } else {
        "baseline"
    }
}
