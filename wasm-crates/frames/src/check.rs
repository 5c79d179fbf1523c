//! One check, and the list of them that makes a verdict.

/// One check of a header, computed on its own also after another one failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `shape`, `bitmask`, `aggregate_key`, `signature`, `quorum`, `genesis`, `prover`, `difficulty`,
    /// `vdf`; for app headers `signature_without_ids` and `signature_with_ids` instead of `signature`.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What is wrong, with the values; nothing when it holds.
    pub reason: Option<String>,
    /// The rule, for instance `11 section 4.4 step 7`.
    pub section: &'static str,
    /// Named numbers of the check, for instance `signed_weight`.
    pub details: Vec<(&'static str, u64)>,
}

impl Check {
    /// A check that fails for this reason, or holds.
    pub(crate) fn new(name: &'static str, section: &'static str, reason: Option<String>) -> Self {
        Self {
            name,
            ok: reason.is_none(),
            reason,
            section,
            details: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: u64) -> Self {
        self.details.push((name, value));
        self
    }
}

/// The checks of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In the order of the specification. A check that does not apply is absent, not passed.
    pub checks: Vec<Check>,
    /// All checks hold.
    pub valid: bool,
    /// Sum of the weights of the members that signed.
    pub signed_weight: u64,
    /// Committee indices that the certificate names, beyond the committee included.
    pub signers: Vec<u32>,
}

impl Verdict {
    pub(crate) fn new(checks: Vec<Check>, signed_weight: u64, signers: Vec<u32>) -> Self {
        let valid = checks.iter().all(|check| check.ok);
        Self {
            checks,
            valid,
            signed_weight,
            signers,
        }
    }

    /// The check with this name, if it was made.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Whether all checks hold but those named. For app headers: without `signature_with_ids` it is
    /// the frame validator's verdict, without `quorum` the one for reward submission
    /// (spec 11 section 5.5, checklist FRM-04).
    pub fn valid_without(&self, names: &[&str]) -> bool {
        self.checks
            .iter()
            .all(|check| check.ok || names.contains(&check.name))
    }

    /// Adds one more check.
    pub(crate) fn push(&mut self, check: Check) {
        self.valid &= check.ok;
        self.checks.push(check);
    }
}
