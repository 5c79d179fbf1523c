//! WebAssembly adapter.
