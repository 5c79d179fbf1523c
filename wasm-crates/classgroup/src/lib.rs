//! Class groups of imaginary quadratic fields: forms, discriminant search, Wesolowski proofs.
