//! VDF-03, VDF-04, VDF-05, VDF-07: the single prover.

mod vectors;

use classgroup::{Discriminant, Progress, SolveError, solve, solve_with, verify, verify_with};
use std::ops::ControlFlow;
use std::time::Instant;
use vectors::{bytes, cases, number};

fn quiet(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn vdf_03_solve_reproduces_every_output() {
    for case in cases("vdf/solve.json") {
        let (challenge, difficulty) = (bytes(&case, "challenge"), number(&case, "difficulty"));
        let output = solve(&challenge, difficulty, &mut quiet).expect("a solution");
        assert_eq!(
            hex::encode(output),
            hex::encode(bytes(&case, "output")),
            "difficulty {difficulty}"
        );
    }
}

#[test]
fn vdf_04_verify_accepts_every_output() {
    for case in cases("vdf/solve.json") {
        assert!(verify(
            &bytes(&case, "challenge"),
            number(&case, "difficulty"),
            &bytes(&case, "output")
        ));
    }
}

#[test]
fn vdf_05_negative_cases_have_their_strict_verdict() {
    for case in cases("vdf/verify_negative.json") {
        let verdict = verify(
            &bytes(&case, "challenge"),
            number(&case, "difficulty"),
            &bytes(&case, "output"),
        );
        assert_eq!(
            Some(verdict),
            case["strict_valid"].as_bool(),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn vdf_07_the_verifiers_time_does_not_depend_on_the_difficulty() {
    let cases = cases("vdf/solve.json");
    let case = cases
        .iter()
        .find(|c| number(c, "difficulty") == 1000)
        .expect("a case");
    let d = Discriminant::from_challenge(&bytes(case, "challenge"), 2048).expect("a discriminant");
    let output = bytes(case, "output");
    let time = |difficulty| {
        let start = Instant::now();
        assert_eq!(verify_with(&d, difficulty, &output), difficulty == 1000);
        start.elapsed()
    };
    let base = (0..5).map(|_| time(1000)).min().expect("samples");
    let largest = (0..5).map(|_| time(u32::MAX)).min().expect("samples");
    assert!(largest < 10 * base, "{largest:?} against {base:?}");
}

#[test]
fn a_solver_stops_in_every_phase_when_told_to() {
    let reports = |stop_at: usize| {
        let mut seen = Vec::new();
        let result = solve(b"cancel", 700, &mut |progress| {
            seen.push(progress.phase);
            if seen.len() == stop_at {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        (seen, result)
    };
    let (all, result) = reports(usize::MAX);
    assert!(result.is_ok());
    for window in all.windows(2).enumerate().filter(|(_, w)| w[0] != w[1]) {
        let (seen, result) = reports(window.0 + 1);
        assert_eq!(
            (seen.len(), result),
            (window.0 + 1, Err(SolveError::Cancelled))
        );
    }
    assert_eq!(reports(all.len()).1, Err(SolveError::Cancelled));
}

#[test]
fn progress_counts_up_to_its_total() {
    let d = Discriminant::from_challenge(b"progress", 2048).expect("a discriminant");
    let mut last = None::<Progress>;
    let output = solve_with(&d, 2500, &mut |progress: Progress| {
        if let Some(last) = last.filter(|last| last.phase == progress.phase) {
            assert!(progress.done >= last.done);
        }
        assert!(progress.done <= progress.total);
        last = Some(progress);
        ControlFlow::Continue(())
    });
    assert!(verify_with(&d, 2500, &output.expect("a solution")));
    assert!(last.is_some_and(|last| last.done == last.total));
}
