//! VDF-06, VDF-08 and the join proofs: several provers.

mod vectors;

use classgroup::{Discriminant, Progress, SolveError, multi};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::ControlFlow;
use vectors::{bytes, cases, list, number};

fn quiet(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn slices(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

/// Discriminants already searched: many cases share a challenge.
type Known = HashMap<Vec<u8>, Discriminant>;

fn verdict(known: &mut Known, case: &Value, solutions: &[Vec<u8>]) -> bool {
    let (challenge, ids) = (bytes(case, "challenge"), list(case, "ids"));
    let d = known
        .entry(challenge.clone())
        .or_insert_with(|| Discriminant::from_challenge(&challenge, 2048).expect("a discriminant"));
    multi::verify_with(
        d,
        &challenge,
        number(case, "difficulty"),
        &slices(&ids),
        &slices(solutions),
    )
}

#[test]
fn vdf_06_joint_verdicts_and_honest_solutions() {
    let mut honest = 0;
    for case in cases("vdf/multi.json") {
        let (challenge, difficulty) = (bytes(&case, "challenge"), number(&case, "difficulty"));
        let ids = list(&case, "ids");
        let ids = slices(&ids);
        if case["informational"] == true {
            let commitment = multi::ids_commitment(&ids);
            assert_eq!(commitment.to_vec(), bytes(&case, "ids_commitment"));
            let prime = multi::fixed_prime(&challenge, difficulty, &commitment);
            assert_eq!(prime.to_be_bytes().to_vec(), bytes(&case, "fixed_prime_b"));
            let r = multi::r(difficulty, prime);
            assert_eq!(r.to_be_bytes().to_vec(), bytes(&case, "r_2_pow_t_mod_b"));
            continue;
        }
        let solutions = list(&case, "solutions");
        let verdict = multi::verify(&challenge, difficulty, &ids, &slices(&solutions));
        assert_eq!(Some(verdict), case["valid"].as_bool(), "{}", case["name"]);
        if case["name"]
            .as_str()
            .is_some_and(|name| name == format!("{} ids", ids.len()))
        {
            for (index, expected) in solutions.iter().enumerate() {
                let solution = multi::solve_one(&challenge, difficulty, &ids, index, &mut quiet)
                    .expect("a solution");
                assert_eq!(hex::encode(solution), hex::encode(expected));
                honest += 1;
            }
        }
    }
    assert!(honest >= 14, "honest cases were solved");
}

#[test]
fn vdf_08_forms_that_are_not_reduced_foreign_or_degenerate() {
    let mut known = Known::new();
    for case in cases("vdf/multi_forms.json") {
        let verdict = verdict(&mut known, &case, &list(&case, "solutions"));
        assert_eq!(
            Some(verdict),
            case["valid"].as_bool(),
            "{} of {} ids",
            case["name"],
            list(&case, "ids").len()
        );
    }
}

#[test]
fn join_proofs() {
    let mut known = Known::new();
    for case in cases("consensus/join_proof.json") {
        let proof = bytes(&case, "proof");
        let solutions: Vec<Vec<u8>> = proof.chunks(516).map(<[u8]>::to_vec).collect();
        assert_eq!(
            Some(verdict(&mut known, &case, &solutions)),
            case["valid"].as_bool(),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn lists_out_of_bounds_are_refused_before_any_work() {
    let d = Discriminant::from_challenge(b"bounds", 2048).expect("a discriminant");
    let (id, solution) = ([1u8; 32], [0u8; 516]);
    let long = vec![0u8; multi::MAX_ID_BYTES + 1];
    let verify =
        |ids: &[&[u8]], solutions: &[&[u8]]| multi::verify_with(&d, b"bounds", 10, ids, solutions);
    assert!(!verify(&[], &[]));
    assert!(!verify(&[&id], &[]));
    assert!(!verify(&[&long], &[&solution]));
    assert!(!verify(
        &vec![&id[..]; multi::MAX_IDS + 1],
        &vec![&solution[..]; multi::MAX_IDS + 1]
    ));
    let solve =
        |ids: &[&[u8]], index| multi::solve_one_with(&d, b"bounds", 10, ids, index, &mut quiet);
    assert_eq!(solve(&[], 0), Err(SolveError::Ids));
    assert_eq!(solve(&[&id], 1), Err(SolveError::Ids));
    assert_eq!(solve(&[&long], 0), Err(SolveError::Ids));
}
