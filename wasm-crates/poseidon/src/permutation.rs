//! The permutation: four full rounds, the partial rounds in sparse form, four full rounds.

use crate::field::Field;
use crate::params::{HALF_FULL_ROUNDS, MAX_WIDTH, Params};

/// A state; lanes from the width on stay zero.
pub(crate) type State<F> = [F; MAX_WIDTH];

/// Permutes the first `params.t` lanes of the state.
pub(crate) fn permute<F: Field>(params: &Params<F>, state: &mut State<F>) {
    let t = params.t.min(MAX_WIDTH);
    let (lanes, _) = state.split_at_mut(t);
    for (round, constants) in params.first.chunks_exact(t).enumerate() {
        let entry = round + 1 == HALF_FULL_ROUNDS;
        let matrix = if entry { &params.entry } else { &params.mds };
        full_round(lanes, constants, matrix);
    }
    for round in &params.partial {
        let Some(head) = lanes.first_mut() else {
            return;
        };
        let x = head.add(round.constant).fifth_power();
        *head = x;
        let new = F::inner_product(&round.row, lanes);
        if let Some((head, rest)) = lanes.split_first_mut() {
            *head = new;
            for (lane, factor) in rest.iter_mut().zip(&round.column) {
                *lane = lane.add(factor.mul(x));
            }
        }
    }
    for constants in params.last.chunks_exact(t) {
        full_round(lanes, constants, &params.mds);
    }
}

fn full_round<F: Field>(lanes: &mut [F], constants: &[F], matrix: &[F]) {
    let mut boxed = [F::ZERO; MAX_WIDTH];
    for (out, (lane, constant)) in boxed.iter_mut().zip(lanes.iter().zip(constants)) {
        *out = lane.add(*constant).fifth_power();
    }
    for (lane, row) in lanes.iter_mut().zip(matrix.chunks_exact(constants.len())) {
        *lane = F::inner_product(row, &boxed);
    }
}
