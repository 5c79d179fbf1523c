//! Node addon adapter.
