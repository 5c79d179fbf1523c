//! Poseidon over the BN254 scalar field with generated constants.
