//! Vector commitment trees over a node store: shape, metadata, wire form, traversal proofs.
