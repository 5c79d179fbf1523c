//! Node addon adapter: the calls of `core/platform/engine.ts`, converted and nothing else, the lock of a data
//! directory (`lock.rs`), and QUIC with WebTransport (`quic.rs`).
//!
//! All calls but those of QUIC are synchronous: `server-node/crypto` and `server-node/state` run them in worker threads, the lock apart. A bug that would panic becomes an error of the call
//! (`catch_unwind`) and the process lives on.

mod ed448;
mod full;
mod hypergraph;
mod kv;
mod kzg;
mod lock;
mod quic;
mod state;
mod state_options;
mod state_shown;
mod tries;
mod verifier;

use calls::{CallError, Code};
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;

/// An `Error` with the call's code in its `code` property.
fn thrown(error: CallError) -> napi::Error<Code> {
    napi::Error::new(error.code, error.message)
}

/// The error of a handle that was freed.
fn closed() -> napi::Error<Code> {
    napi::Error::new(Code::Handle, "the handle was freed")
}

/// Borrowed forms of byte arrays.
fn slices(list: &[Uint8Array]) -> Vec<&[u8]> {
    list.iter().map(AsRef::as_ref).collect()
}

/// A `bigint` of 0..2^64.
fn unsigned(value: &BigInt) -> napi::Result<u64, Code> {
    match value.get_u64() {
        (false, number, true) => Ok(number),
        _ => Err(napi::Error::new(
            Code::Range,
            "not an unsigned 64-bit integer",
        )),
    }
}

/// Forces the portable kernels (or allows the detected ones again), for tests and benchmarks.
#[napi(js_name = "setPortable")]
pub fn set_portable(portable: bool) {
    calls::set_portable(portable);
}
