//! Fixed-width Montgomery arithmetic, 512 to 2048 bits.
//!
//! Two families, because the two users differ: [`field`] holds prime-field kernels for the 581-bit
//! field of BLS48-581 and the 254-bit field of Poseidon (constant time), [`wide`] holds 2048-bit
//! arithmetic for the discriminant search (public values, squaring chains). Kernels: portable u64
//! limbs; 28-bit lanes (WASM simd128, AVX2); AVX-512 IFMA; wide-arithmetic WASM. Natively the
//! kernel is chosen at run time, in the browser by module variant.

pub mod field;
pub mod wide;
