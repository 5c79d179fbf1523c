//! Hypergraph state: shard keys, atoms, phase sets, commits, global commitments.
