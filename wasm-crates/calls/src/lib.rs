//! The calls both adapters expose: bytes and plain values in, bytes or JSON out, one error type with a stable code.
//!
//! `core/platform/engine.ts` documents each call for JavaScript; this crate decides what they mean. Feature `full` adds signing,
//! solving and the calls of the conformance runner; without it a light client has all it needs.

pub mod bls;
#[cfg(feature = "full")]
pub mod ed448;
mod error;
pub mod header;
#[cfg(feature = "full")]
pub mod hypergraph;
mod json;
#[cfg(feature = "full")]
pub mod kzg;
pub mod poseidon;
pub mod tries;
#[cfg(feature = "full")]
pub mod unit;
pub mod vdf;

pub use error::{Call, CallError, Code};

/// JSON `{module, build, kernel}`: which module this is, what it was built for, and which kernels run.
#[must_use]
pub fn describe(module: &str, build: &str) -> String {
    format!(
        r#"{{"module":"{module}","build":"{build}","kernel":"{}"}}"#,
        kernel()
    )
}

/// Forces the portable kernels, or allows the detected ones again. No effect in WASM, where the module variant decides.
pub fn set_portable(portable: bool) {
    limbs::wide::set_portable(portable);
}

/// Name of the kernel that the discriminant search uses here.
fn kernel() -> String {
    format!("{:?}", limbs::wide::Kernel::detect()).to_lowercase()
}
