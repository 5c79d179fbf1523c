//! What differs between networks (spec 11 sections 4.4 and 4.5).

use crate::Address;
use crate::check::Check;
use crate::header::GlobalHeader;

/// Parameters a header is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Number of the genesis frame: 244200 on mainnet, else 0.
    pub genesis_number: u64,
    /// Identity of the configured genesis.
    pub genesis_identity: Address,
    /// The other fields by which genesis headers are compared (spec 31 section 10.2), if known.
    pub genesis_fields: Option<GenesisFields>,
    /// The header's prover must be a committee address (spec 11 section 4.4 step 10); on mainnet.
    pub prover_in_committee: bool,
    /// Least difficulty of a header without certificate (hazard VH-3, FRM-12): 50,000 on mainnet.
    pub difficulty_floor: u32,
    /// Accept headers without commitments and prover root (spec 11 section 4.4 step 4): for relay
    /// and replay only.
    pub allow_bare_commitments: bool,
}

/// Fields of the genesis header that its identity does not bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisFields {
    /// Parent selector.
    pub parent_selector: [u8; 32],
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Difficulty.
    pub difficulty: u32,
}

impl Rules {
    /// Whether this header is the configured genesis, which is trusted and not verified; otherwise,
    /// at or below the genesis number, why it is refused (hazard FH-8, checklist FRM-09).
    pub(crate) fn genesis(&self, header: &GlobalHeader, identity: Option<&Address>) -> Genesis {
        if header.frame_number > self.genesis_number {
            return Genesis::Later;
        }
        if header.frame_number < self.genesis_number {
            return Genesis::Refused(format!(
                "frame {} is below the genesis frame {}",
                header.frame_number, self.genesis_number
            ));
        }
        if identity != Some(&self.genesis_identity) {
            return Genesis::Refused(format!(
                "frame {} is not the configured genesis",
                header.frame_number
            ));
        }
        match &self.genesis_fields {
            Some(fields) => fields.compare(header),
            None => Genesis::Configured,
        }
    }
}

impl GenesisFields {
    fn compare(&self, header: &GlobalHeader) -> Genesis {
        let different = if header.parent_selector != self.parent_selector {
            Some("parent_selector")
        } else if header.timestamp != self.timestamp {
            Some("timestamp")
        } else if header.difficulty != self.difficulty {
            Some("difficulty")
        } else {
            None
        };
        match different {
            Some(field) => Genesis::Refused(format!("{field} is not that of the genesis frame")),
            None => Genesis::Configured,
        }
    }
}

/// Position of a header relative to the genesis frame.
pub(crate) enum Genesis {
    /// Above the genesis number: an ordinary frame.
    Later,
    /// The configured genesis itself.
    Configured,
    /// At or below the genesis number, and not the configured genesis.
    Refused(String),
}

impl Genesis {
    pub(crate) fn check(self) -> Check {
        let reason = match self {
            Self::Later | Self::Configured => None,
            Self::Refused(reason) => Some(reason),
        };
        Check::new("genesis", "11 section 4.4 step 2", reason)
    }
}
