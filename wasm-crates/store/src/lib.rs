//! The embedded store of a full node: state nodes, frames, certificates; one durable batch per frame.
