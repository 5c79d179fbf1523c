//! Frame headers: challenge, identity, checks and one verdict; committees, thresholds, genesis.
