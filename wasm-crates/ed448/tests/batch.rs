//! Many signatures at once give the verdicts that each gets alone (CRY-12, CRY-18).

mod common;

use common::{bytes, cases};
use ed448::{Signed, public_key, sign, verify, verify_batch};
use proptest::prelude::*;

struct Owned {
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Owned {
    fn good(key: u8, message: Vec<u8>) -> Self {
        let seed = [key; 57];
        Self {
            key: public_key(&seed).expect("a seed").to_vec(),
            signature: sign(&seed, &message).expect("a seed").to_vec(),
            message,
        }
    }
}

fn alone(all: &[Owned]) -> Vec<bool> {
    let one = |signed: &Owned| verify(&signed.key, &signed.message, &signed.signature);
    all.iter().map(one).collect()
}

fn together(all: &[Owned]) -> Vec<bool> {
    let borrowed: Vec<Signed> = all
        .iter()
        .map(|signed| Signed {
            public_key: &signed.key,
            message: &signed.message,
            signature: &signed.signature,
        })
        .collect();
    verify_batch(&borrowed)
}

/// What the vectors say of each, among good ones before and behind, and all of them at once.
#[test]
fn the_edge_cases_get_their_verdicts_in_company() {
    let of_case = |case: &serde_json::Value| Owned {
        key: bytes(case, "public_key"),
        message: bytes(case, "message"),
        signature: bytes(case, "signature"),
    };
    let edge: Vec<Owned> = cases("ed448_edge").iter().map(of_case).collect();
    assert_eq!(together(&edge), alone(&edge));
    let mut accepted = 0;
    for case in cases("ed448_edge") {
        let company = [0u8, 1, 2, 3].map(|key| Owned::good(key % 2, vec![key; 9]));
        let mut all = Vec::from(company);
        all.insert(2, of_case(&case));
        let verdicts = together(&all);
        assert_eq!(verdicts, alone(&all), "{}", case["name"]);
        accepted += usize::from(verdicts[2]);
    }
    assert!(accepted > 0);
}

#[test]
fn none_and_more_than_fit_into_one_equation() {
    assert!(together(&[]).is_empty());
    let mut many: Vec<Owned> = (0..150u8).map(|i| Owned::good(i % 7, vec![i])).collect();
    assert_eq!(together(&many), vec![true; 150]);
    many[70].message.push(0);
    let expected: Vec<bool> = (0..150).map(|i| i != 70).collect();
    assert_eq!(together(&many), expected);
}

/// Two wrong signatures whose errors cancel out where all weights are the same.
#[test]
fn errors_do_not_cancel_out() {
    let mut pair: Vec<Owned> = (0..4u8).map(|i| Owned::good(9, vec![i])).collect();
    let change = |signature: &mut Vec<u8>, by: i16| {
        let low = i16::from_le_bytes([signature[57], 0]) + by;
        signature[57] = u8::try_from(low).expect("no carry");
    };
    let (one, other) = (0..4)
        .flat_map(|i| (0..4).map(move |j| (i, j)))
        .find(|(i, j)| i != j && pair[*i].signature[57] < 255 && pair[*j].signature[57] > 0)
        .expect("bytes that can move");
    change(&mut pair[one].signature, 1);
    change(&mut pair[other].signature, -1);
    let verdicts = together(&pair);
    assert_eq!(verdicts, alone(&pair));
    assert!(!verdicts[one] && !verdicts[other]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_is_broken_gets_the_verdict_that_it_gets_alone(
        parts in proptest::collection::vec((0u8..4, 0u8..8, 0usize..300, 0u8..4), 0..20),
    ) {
        let all: Vec<Owned> = parts.iter().map(|(key, message, at, kind)| {
            let mut signed = Owned::good(*key, vec![*message; usize::from(*message)]);
            let field = match kind {
                0 => &mut signed.key,
                1 => &mut signed.signature,
                2 => &mut signed.message,
                _ => return signed,
            };
            if field.is_empty() { field.push(1); }
            let at = at % field.len();
            if at == 7 { field.truncate(at); } else { field[at] ^= 1; }
            signed
        }).collect();
        prop_assert_eq!(together(&all), alone(&all));
    }
}
