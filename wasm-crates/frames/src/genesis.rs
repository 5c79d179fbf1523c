//! Genesis: the constants of mainnet, and the form of other networks (spec 11 section 4.5,
//! spec 31 section 10).
//!
//! The roots of the genesis state are not computed here; [`Genesis::header`] takes them.

use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use crate::certificate::QuorumCertificate;
use crate::committee::{Committee, CommitteeError, MemberKey};
use crate::header::{AggregateSignature, GlobalHeader};
use crate::rules::{GenesisFields, Rules};
use crate::{Address, identity_of};

/// frame number (8), timestamp (8), difficulty (4), parent selector (32), output (516), token address
/// (32), token commitment (74), then six keys of 585 bytes, the beacon's first.
const MAINNET: &[u8; 4184] = include_bytes!("data/mainnet.bin");
const FRAME_NUMBER: u64 = u64::from_be_bytes(part(0));
const TIMESTAMP: i64 = i64::from_be_bytes(part(8));
const DIFFICULTY: u32 = u32::from_be_bytes(part(16));
const PARENT_SELECTOR: [u8; 32] = part(20);
const OUTPUT: [u8; 516] = part(52);
const TOKEN: [u8; 32] = part(568);
const TOKEN_COMMITMENT: [u8; 74] = part(600);
const KEYS: [[u8; 585]; 6] = [
    part(674),
    part(1259),
    part(1844),
    part(2429),
    part(3014),
    part(3599),
];
/// Peer ids of the members, in the order of the keys; the beacon has none.
const PEER_IDS: [Option<&str>; 6] = [
    None,
    Some("QmS3xJKbAmQxDiry9HpXV6bJyRvyd47pbufpZwEmgY1cy6"),
    Some("QmZKERVN8UkwLp9mPCZw4aaRx9N8Ewnkv7VQh1zyZwBSir"),
    Some("QmaMcbX3NH5d6BXy87C1n2xT68XzCwtkbvMRqdLYphh19b"),
    Some("QmcuXdV3mdgwmhUv9kzRnZmjJyBwE7erNWVo8Q2ikrcjzX"),
    Some("QmestbFp8PddwRk6ysBRrmWZEiHun5aRidHkqFxgeFaWVK"),
];
/// Seniority of every mainnet genesis prover (spec 31 section 10.2).
pub const MAINNET_SENIORITY: u64 = 7_948_800 + 10_454_400 + 2_592_000 + 2_678_400;
/// Least difficulty on mainnet (spec 31 section 3).
pub const MAINNET_DIFFICULTY_FLOOR: u32 = 50_000;

/// Copies a part of the mainnet data; a wrong range does not compile.
const fn part<const N: usize>(offset: usize) -> [u8; N] {
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = MAINNET[offset + i];
        i += 1;
    }
    out
}

/// A genesis prover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisProver {
    /// 585 bytes.
    pub public_key: Vec<u8>,
    /// libp2p peer id of an archive; the beacon has none.
    pub peer_id: Option<&'static str>,
    /// Seniority at genesis.
    pub seniority: u64,
}

/// An initial commitment: a shard key address and the value of its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialCommitment {
    /// 32-byte address.
    pub address: Address,
    /// 74 bytes.
    pub value: Vec<u8>,
}

/// What a network starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Number of the genesis frame.
    pub frame_number: u64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Difficulty.
    pub difficulty: u32,
    /// 32 bytes.
    pub parent_selector: [u8; 32],
    /// 516 bytes: a trusted constant on mainnet, zeros elsewhere.
    pub output: Vec<u8>,
    /// Content of the header's prover field: the beacon key itself on mainnet.
    pub prover: Vec<u8>,
    /// The first global committee.
    pub provers: Vec<GenesisProver>,
    /// Initial commitments.
    pub initial_commitments: Vec<InitialCommitment>,
}

impl Genesis {
    /// Mainnet: frame 244200 and its six provers.
    pub fn mainnet() -> Self {
        let prover = |(key, peer_id): (&[u8; 585], _)| GenesisProver {
            public_key: key.to_vec(),
            peer_id,
            seniority: MAINNET_SENIORITY,
        };
        Self {
            frame_number: FRAME_NUMBER,
            timestamp: TIMESTAMP,
            difficulty: DIFFICULTY,
            parent_selector: PARENT_SELECTOR,
            output: OUTPUT.to_vec(),
            prover: KEYS[0].to_vec(),
            provers: KEYS.iter().zip(PEER_IDS).map(prover).collect(),
            initial_commitments: vec![InitialCommitment {
                address: TOKEN,
                value: TOKEN_COMMITMENT.to_vec(),
            }],
        }
    }

    /// Another network: frame 0, output and selector of zeros, seniority 1000
    /// (spec 31 section 10.3).
    pub fn local(keys: &[Vec<u8>], timestamp: i64, difficulty: u32) -> Self {
        let prover = |key: &Vec<u8>| GenesisProver {
            public_key: key.clone(),
            peer_id: None,
            seniority: 1000,
        };
        Self {
            frame_number: 0,
            timestamp,
            difficulty,
            parent_selector: [0; 32],
            output: vec![0; 516],
            prover: keys.first().cloned().unwrap_or_default(),
            provers: keys.iter().map(prover).collect(),
            initial_commitments: Vec::new(),
        }
    }

    /// Identity of the genesis frame.
    ///
    /// # Errors
    /// [`crate::IdentityError`] when the output is not 516 bytes long.
    pub fn identity(&self) -> Result<Address, crate::IdentityError> {
        identity_of(&self.output)
    }

    /// The genesis header: its signature structure is present and empty.
    pub fn header(
        &self,
        global_commitments: Vec<Vec<u8>>,
        prover_tree_commitment: Vec<u8>,
    ) -> GlobalHeader {
        GlobalHeader {
            frame_number: self.frame_number,
            timestamp: self.timestamp,
            difficulty: self.difficulty,
            output: self.output.clone(),
            parent_selector: self.parent_selector.to_vec(),
            global_commitments,
            prover_tree_commitment,
            prover: self.prover.clone(),
            signature: Some(AggregateSignature {
                public_key: Some(Vec::new()),
                ..AggregateSignature::default()
            }),
            ..GlobalHeader::default()
        }
    }

    /// Rules of the network: on mainnet (genesis above frame 0) the prover must be a member and the
    /// difficulty floor holds.
    ///
    /// # Errors
    /// [`crate::IdentityError`] when the output is not 516 bytes long.
    pub fn rules(&self) -> Result<Rules, crate::IdentityError> {
        let mainnet = self.frame_number > 0;
        Ok(Rules {
            genesis_number: self.frame_number,
            genesis_identity: self.identity()?,
            genesis_fields: Some(GenesisFields {
                parent_selector: self.parent_selector,
                timestamp: self.timestamp,
                difficulty: self.difficulty,
            }),
            prover_in_committee: mainnet,
            difficulty_floor: if mainnet { MAINNET_DIFFICULTY_FLOOR } else { 0 },
            allow_bare_commitments: false,
        })
    }

    /// The genesis committee with the threshold `floor(2 W / 3)`.
    ///
    /// # Errors
    /// [`CommitteeError`].
    pub fn committee(&self) -> Result<Committee, CommitteeError> {
        let entries: Vec<MemberKey> = self
            .provers
            .iter()
            .map(|prover| MemberKey {
                public_key: prover.public_key.clone(),
                weight: prover.seniority,
                address: None,
            })
            .collect();
        Committee::new(&entries, None)
    }

    /// The genesis certificate: rank 0, signature and key of zeros, all bits set.
    ///
    /// # Errors
    /// [`crate::IdentityError`] when the output is not 516 bytes long.
    pub fn certificate(&self) -> Result<QuorumCertificate, crate::IdentityError> {
        Ok(QuorumCertificate {
            frame_number: self.frame_number,
            selector: self.identity()?.to_vec(),
            signature: Some(AggregateSignature {
                signature: vec![0; 74],
                public_key: Some(vec![0; 585]),
                bitmask: vec![0xff; 32],
            }),
            ..QuorumCertificate::default()
        })
    }
}

impl Rules {
    /// Whether a certificate is the genesis one, which alone is accepted without verification: rank 0
    /// **and** the configured frame number and identity (spec 11 section 4.5).
    pub fn is_genesis_certificate(&self, certificate: &QuorumCertificate) -> bool {
        certificate.rank == 0
            && certificate.filter.is_empty()
            && certificate.frame_number == self.genesis_number
            && certificate.selector == self.genesis_identity
    }
}

/// Address of a prover's allocation for a filter, empty for the global one:
/// `P("PROVER_ALLOCATION" || key || filter)` (spec 31 section 10.2).
///
/// # Errors
/// None in practice: the hashed string is never empty.
pub fn allocation_address(public_key: &[u8], filter: &[u8]) -> Result<Address, poseidon::Error> {
    poseidon::hash_bytes(&[b"PROVER_ALLOCATION", public_key, filter].concat())
}

/// The three shard indices L1 of an address (spec 31 section 10.2 step 4): zeros when its first byte is above
/// 0x3f or it is all zero, else the first three distinct bytes of its SHAKE256 stream, sorted.
pub fn shard_indices(address: &Address) -> [u8; 3] {
    if address[0] > 0x3f || address == &[0; 32] {
        return [0; 3];
    }
    let mut hash = Shake256::default();
    hash.update(address);
    let mut stream = hash.finalize_xof();
    let mut taken: Vec<u8> = Vec::with_capacity(3);
    while taken.len() < 3 {
        let mut byte = [0];
        stream.read(&mut byte);
        if !taken.contains(&byte[0]) {
            taken.push(byte[0]);
        }
    }
    taken.sort_unstable();
    let mut out = [0; 3];
    out.copy_from_slice(&taken);
    out
}
