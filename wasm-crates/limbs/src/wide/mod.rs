//! 2048-bit Montgomery arithmetic on public values.
