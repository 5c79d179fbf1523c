//! VDF-02: composition, squaring, inverse, repeated squaring and encodings of `vdf/forms.json`.

mod vectors;

use classgroup::{Discriminant, Form};
use vectors::{bytes, cases, number};

#[test]
fn vdf_02_group_operations() {
    for case in cases("vdf/forms.json") {
        let d =
            Discriminant::from_challenge(&bytes(&case, "challenge"), 2048).expect("a discriminant");
        let form =
            |field: &str| Form::decode_strict(&d, &bytes(&case, field)).expect("a reduced form");
        match case["name"].as_str() {
            Some("identity") => assert_eq!(form("form"), Form::identity(&d)),
            Some("generator") => assert_eq!(form("form"), Form::generator(&d)),
            _ => {
                let (f, g) = (form("f"), form("g"));
                assert_eq!(
                    Form::generator(&d).power(&d, &bytes(&case, "g_exponent")),
                    g
                );
                assert_eq!(
                    f.multiply(&d, &g).encode().to_vec(),
                    bytes(&case, "f_times_g")
                );
                assert_eq!(g.multiply(&d, &f), form("f_times_g"));
                assert_eq!(g.inverse(), form("g_inverse"));
                assert!(g.multiply(&d, &g.inverse()).is_identity());
                assert_eq!(g.square(&d), form("g_squared"));
                assert_eq!(g.multiply(&d, &g), form("g_squared"));
                let repeated = &case["g_squared_n"];
                let result = g.square_n(&d, number(repeated, "n"));
                assert_eq!(result.encode().to_vec(), bytes(repeated, "result"));
            }
        }
    }
}
