//! Prime-field kernels (constant time).
