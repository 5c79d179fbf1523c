//! KZG commitments over BLS48-581 in 64-slot evaluation form: commit, update, openings, multiproofs.
