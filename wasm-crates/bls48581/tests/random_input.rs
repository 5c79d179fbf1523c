//! Random strings of 0..1200 bytes as key, signature and point never abort (CRY-06, CRY-17).

use bls48581::{
    PublicKey, SecretKey, Signature, g1, g2, verify, verify_decoded, verify_multi,
    verify_possession,
};

/// xorshift64*, a fixed seed per test.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 56) as u8).collect()
    }

    fn string(&mut self) -> Vec<u8> {
        let length = (self.next() >> 32) as usize % 1201;
        self.bytes(length)
    }
}

#[test]
fn cry_17_random_strings_are_refused() {
    let mut source = Source(0x5eed_0001);
    for _ in 0..100_000 {
        let (a, b) = (source.string(), source.string());
        assert!(Signature::from_bytes(&a).is_err());
        assert!(PublicKey::from_bytes(&a).is_err());
        assert!(!verify(&a, &b, &b, &a));
        assert!(!verify_multi(&[&a], &b, &[&a], &b));
        assert!(!verify_possession(&a, &b));
        assert!(SecretKey::from_bytes(&a).is_err() || a.len() == 73);
    }
}

/// Strings of the right length with a right tag and small coefficients get past the first rules.
#[test]
fn cry_17_random_points_are_off_the_curve_or_outside_the_subgroup() {
    let mut source = Source(0x5eed_0002);
    let key = SecretKey::generate(&[1; 64])
        .expect("not zero")
        .public_key();
    let (mut on_g1, mut on_g2) = (0, 0);
    for round in 0..2_000 {
        let mut bytes = source.bytes(74);
        bytes[0] = 2 | bytes[0] & 1;
        bytes[1] &= 0x0f;
        on_g1 += usize::from(g1::decode_on_curve(&bytes).is_ok());
        assert!(Signature::from_bytes(&bytes).is_err());
        assert!(!verify_decoded(&key, &bytes, b"message", b"domain"));
        if round < 400 {
            let mut bytes = source.bytes(585);
            bytes[0] = 2 | bytes[0] & 1;
            for coefficient in 0..8 {
                bytes[1 + 73 * coefficient] &= 0x0f;
            }
            on_g2 += usize::from(g2::decode_on_curve(&bytes).is_ok());
            assert!(PublicKey::from_bytes(&bytes).is_err());
            assert!(PublicKey::from_bytes_prepared(&bytes).is_err());
        }
    }
    // Half of all x belong to a point.
    assert!((800..1_200).contains(&on_g1), "{on_g1}");
    assert!((150..250).contains(&on_g2), "{on_g2}");
}
