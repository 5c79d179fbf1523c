//! BLS48-581: tower, groups, hash to curve, pairing, signatures and aggregation.
