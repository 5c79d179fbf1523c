//! F_{p^4} = F_{p^2}(v), v^2 = -(1 + i) (spec 10 section 1.1).

use crate::fp2::Fp2;
use crate::frobenius;
use crate::tower::{Adjoined, Quadratic};

/// `c0 + c1 v`.
pub type Fp4 = Quadratic<Fp2>;

impl Adjoined for Fp2 {
    fn root_to_p_minus_1() -> &'static Self {
        &frobenius::constants().v
    }
}
