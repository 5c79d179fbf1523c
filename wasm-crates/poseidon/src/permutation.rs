//! The permutation: four full rounds, the partial rounds in blocks, four full rounds.

use crate::field::{Field, MAX_TERMS};
use crate::params::{BLOCK, Block, HALF_FULL_ROUNDS, MAX_WIDTH, Params};

/// A state; lanes from the width on stay zero.
pub(crate) type State<F> = [F; MAX_WIDTH];

/// Lane 0 of the permutation of the first `params.t` lanes, the only one that a hash needs.
pub(crate) fn permute<F: Field>(params: &Params<F>, state: &State<F>) -> F {
    let t = params.t.min(MAX_WIDTH);
    let mut state = *state;
    let (lanes, _) = state.split_at_mut(t);
    for (round, constants) in params.first.chunks_exact(t).enumerate() {
        let entry = round + 1 == HALF_FULL_ROUNDS;
        let matrix = if entry { &params.entry } else { &params.mds };
        full_round(lanes, constants, matrix);
    }
    for block in &params.partial {
        partial_rounds(lanes, block);
    }
    let rounds = params.last.chunks_exact(t);
    for (round, constants) in rounds.enumerate() {
        // The last round needs one row of the matrix.
        let rows = if round + 1 == HALF_FULL_ROUNDS { 1 } else { t };
        let matrix = params.mds.get(..rows * t).unwrap_or_default();
        full_round(lanes, constants, matrix);
    }
    state[0]
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

fn partial_rounds<F: Field>(lanes: &mut [F], block: &Block<F>) {
    let Some((head, rest)) = lanes.split_first_mut() else {
        return;
    };
    // What a round's factors apply to: own S-box output, the other lanes, earlier outputs.
    let mut terms = [F::ZERO; MAX_TERMS];
    let mut outputs = [F::ZERO; BLOCK];
    for (term, lane) in terms.iter_mut().skip(1).zip(rest.iter()) {
        *term = *lane;
    }
    let earlier = 1 + rest.len();
    for (j, ((constant, factors), output)) in block.rounds.iter().zip(&mut outputs).enumerate() {
        let x = head.add(*constant).fifth_power();
        *output = x;
        terms[0] = x;
        *head = F::inner_product(factors, &terms);
        if let Some(term) = terms.get_mut(earlier + j) {
            *term = x;
        }
    }
    let columns = block.columns.chunks_exact(block.rounds.len().max(1));
    for (lane, factors) in rest.iter_mut().zip(columns) {
        *lane = lane.add(F::inner_product(factors, &outputs));
    }
}
