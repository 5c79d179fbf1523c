//! Canonical bytes of headers (spec 40 sections 1 to 3: 0309, 030A, 011C, 0117).
//!
//! Bytes after the last field are ignored, as spec 40 section 1 requires; they are lost when the
//! header is encoded again.

use crate::error::{DecodeError, EncodeError};
use crate::header::{AggregateSignature, AppHeader, GlobalHeader};
use crate::protobuf::{MAX_APP_HEADER, MAX_GLOBAL_HEADER, MAX_REQUESTS_ROOT};

const GLOBAL_HEADER: u32 = 0x0309;
const APP_HEADER: u32 = 0x030a;
const AGGREGATE: u32 = 0x011c;
const G2_KEY: u32 = 0x0117;

/// Limit of the aggregate inside a global header: a signature without tail.
const GLOBAL_AGGREGATE: usize = 711;
/// Limit of the aggregate inside an app header: a tail of 64 proofs.
const APP_AGGREGATE: usize = 33_739;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self
            .0
            .split_at_checked(n)
            .ok_or(DecodeError::Truncated(what))?;
        self.0 = rest;
        Ok(bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let (bytes, rest) = self
            .0
            .split_first_chunk()
            .ok_or(DecodeError::Truncated(what))?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*bytes))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let (bytes, rest) = self
            .0
            .split_first_chunk()
            .ok_or(DecodeError::Truncated(what))?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*bytes))
    }

    fn prefix(&mut self, expected: u32) -> Result<(), DecodeError> {
        let got = self.u32("type prefix")?;
        if got == expected {
            Ok(())
        } else {
            Err(DecodeError::Prefix { expected, got })
        }
    }

    fn count(&mut self, limit: usize, what: &'static str) -> Result<usize, DecodeError> {
        let length = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        if length > limit {
            return Err(DecodeError::TooLong {
                what,
                length,
                limit,
            });
        }
        Ok(length)
    }

    fn bytes(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.count(limit, what)?;
        self.take(length, what)
    }

    fn array(
        &mut self,
        count: usize,
        limit: usize,
        what: &'static str,
    ) -> Result<Vec<Vec<u8>>, DecodeError> {
        (0..count)
            .map(|_| self.bytes(limit, what).map(<[u8]>::to_vec))
            .collect()
    }

    fn aggregate(&mut self, limit: usize) -> Result<Option<AggregateSignature>, DecodeError> {
        match self.bytes(limit, "signature")? {
            [] => Ok(None),
            bytes => AggregateSignature::from_canonical(bytes).map(Some),
        }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(prefix: u32) -> Self {
        Self(prefix.to_be_bytes().to_vec())
    }

    fn u32(&mut self, x: u32) {
        self.0.extend(x.to_be_bytes());
    }

    fn u64(&mut self, x: u64) {
        self.0.extend(x.to_be_bytes());
    }

    fn bytes(
        &mut self,
        bytes: &[u8],
        limit: usize,
        what: &'static str,
        wanted: &'static str,
    ) -> Result<(), EncodeError> {
        self.0.extend(length(bytes.len(), limit, what, wanted)?);
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn array(
        &mut self,
        list: &[Vec<u8>],
        limit: usize,
        what: &'static str,
        wanted: &'static str,
    ) -> Result<(), EncodeError> {
        self.0.extend(length(list.len(), limit, what, wanted)?);
        list.iter()
            .try_for_each(|element| self.bytes(element, 74, what, "elements of at most 74"))
    }

    /// A wholly empty aggregate is written as absent (spec 40 section 3.1).
    fn aggregate(
        &mut self,
        signature: Option<&AggregateSignature>,
        limit: usize,
        wanted: &'static str,
    ) -> Result<(), EncodeError> {
        let bytes = match signature.filter(|s| !s.is_empty()) {
            Some(signature) => signature.to_canonical()?,
            None => Vec::new(),
        };
        self.bytes(&bytes, limit, "signature", wanted)
    }
}

fn length(
    length: usize,
    limit: usize,
    what: &'static str,
    wanted: &'static str,
) -> Result<[u8; 4], EncodeError> {
    u32::try_from(length)
        .ok()
        .filter(|_| length <= limit)
        .map(u32::to_be_bytes)
        .ok_or(EncodeError {
            what,
            length,
            wanted,
        })
}

/// `wanted` text of [`signature_length_allowed`].
const SIGNATURE_LENGTHS: &str = "74, 74 + 516 k or 78 + 516 k with at most 64 proofs";

/// 74, 74 + 516 k (1 <= k <= 64) or 78 + 516 m (0 <= m <= 64).
fn signature_length_allowed(length: usize) -> bool {
    [74, 78].iter().any(|head| {
        length
            .checked_sub(*head)
            .is_some_and(|tail| tail.is_multiple_of(516) && tail / 516 <= 64)
    })
}

impl AggregateSignature {
    fn is_empty(&self) -> bool {
        self.signature.is_empty() && self.key_bytes().is_empty() && self.bitmask.is_empty()
    }

    /// Reads canonical bytes (type 011C).
    ///
    /// # Errors
    /// [`DecodeError`] when the layout or a limit is not kept.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader(bytes);
        reader.prefix(AGGREGATE)?;
        let signature = reader.bytes(78 + 516 * 64, "signature")?;
        if !signature_length_allowed(signature.len()) {
            return Err(DecodeError::Length {
                what: "signature",
                length: signature.len(),
                wanted: SIGNATURE_LENGTHS,
            });
        }
        let public_key = match reader.bytes(589, "public_key")? {
            [] => None,
            key if key.len() == 589 => {
                let mut inner = Reader(key);
                inner.prefix(G2_KEY)?;
                Some(inner.0.to_vec())
            }
            key => {
                return Err(DecodeError::Length {
                    what: "public_key",
                    length: key.len(),
                    wanted: "0 or 589",
                });
            }
        };
        Ok(Self {
            signature: signature.to_vec(),
            public_key,
            bitmask: reader.bytes(32, "bitmask")?.to_vec(),
        })
    }

    /// Canonical bytes (type 011C).
    ///
    /// # Errors
    /// [`EncodeError`] for lengths that the layout does not have.
    pub fn to_canonical(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Writer::new(AGGREGATE);
        if !signature_length_allowed(self.signature.len()) {
            return Err(EncodeError {
                what: "signature",
                length: self.signature.len(),
                wanted: SIGNATURE_LENGTHS,
            });
        }
        out.bytes(
            &self.signature,
            78 + 516 * 64,
            "signature",
            SIGNATURE_LENGTHS,
        )?;
        match self.key_bytes() {
            [] => out.u32(0),
            key if key.len() == 585 => {
                out.u32(589);
                out.u32(G2_KEY);
                out.0.extend_from_slice(key);
            }
            key => {
                return Err(EncodeError {
                    what: "public_key",
                    length: key.len(),
                    wanted: "0 or 585",
                });
            }
        }
        out.bytes(&self.bitmask, 32, "bitmask", "at most 32")?;
        Ok(out.0)
    }
}

fn within(bytes: &[u8], what: &'static str, limit: usize) -> Result<(), DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong {
            what,
            length: bytes.len(),
            limit,
        });
    }
    Ok(())
}

impl GlobalHeader {
    /// Reads canonical bytes (type 0309), at most [`MAX_GLOBAL_HEADER`].
    ///
    /// # Errors
    /// [`DecodeError`] when the layout or a limit is not kept.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        within(bytes, "GlobalFrameHeader", MAX_GLOBAL_HEADER)?;
        let mut r = Reader(bytes);
        r.prefix(GLOBAL_HEADER)?;
        Ok(Self {
            frame_number: r.u64("frame_number")?,
            rank: r.u64("rank")?,
            timestamp: r.u64("timestamp")?.cast_signed(),
            difficulty: r.u32("difficulty")?,
            output: r.bytes(516, "output")?.to_vec(),
            parent_selector: r.bytes(32, "parent_selector")?.to_vec(),
            global_commitments: {
                let count = r.count(256, "global_commitments")?;
                r.array(count, 74, "global_commitments")?
            },
            prover_tree_commitment: r.bytes(74, "prover_tree_commitment")?.to_vec(),
            requests_root: r.bytes(74, "requests_root")?.to_vec(),
            prover: r.bytes(32, "prover")?.to_vec(),
            signature: r.aggregate(GLOBAL_AGGREGATE)?,
        })
    }

    /// Canonical bytes (type 0309).
    ///
    /// # Errors
    /// [`EncodeError`] for fields beyond the layout's limits (the mainnet genesis header is one:
    /// its prover field has 585 bytes).
    pub fn to_canonical(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Writer::new(GLOBAL_HEADER);
        out.u64(self.frame_number);
        out.u64(self.rank);
        out.u64(self.timestamp.cast_unsigned());
        out.u32(self.difficulty);
        out.bytes(&self.output, 516, "output", "at most 516")?;
        out.bytes(&self.parent_selector, 32, "parent_selector", "at most 32")?;
        out.array(
            &self.global_commitments,
            256,
            "global_commitments",
            "at most 256 elements",
        )?;
        out.bytes(
            &self.prover_tree_commitment,
            74,
            "prover_tree_commitment",
            "at most 74",
        )?;
        out.bytes(&self.requests_root, 74, "requests_root", "at most 74")?;
        out.bytes(&self.prover, 32, "prover", "at most 32")?;
        out.aggregate(self.signature.as_ref(), GLOBAL_AGGREGATE, "at most 711")?;
        Ok(out.0)
    }
}

impl AppHeader {
    /// Reads canonical bytes (type 030A), at most [`MAX_APP_HEADER`].
    ///
    /// # Errors
    /// [`DecodeError`] when the layout or a limit is not kept.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        within(bytes, "FrameHeader", MAX_APP_HEADER)?;
        let mut r = Reader(bytes);
        r.prefix(APP_HEADER)?;
        Ok(Self {
            address: r.bytes(64, "address")?.to_vec(),
            frame_number: r.u64("frame_number")?,
            rank: r.u64("rank")?,
            timestamp: r.u64("timestamp")?.cast_signed(),
            difficulty: r.u32("difficulty")?,
            output: {
                let output = r.bytes(516, "output")?;
                exactly(output.len(), 516, "output", "516")?;
                output.to_vec()
            },
            parent_selector: r.bytes(32, "parent_selector")?.to_vec(),
            requests_root: r.bytes(MAX_REQUESTS_ROOT, "requests_root")?.to_vec(),
            state_roots: {
                let count = r.count(4, "state_roots")?;
                exactly(count, 4, "state_roots", "4 elements")?;
                r.array(count, 74, "state_roots")?
            },
            prover: r.bytes(32, "prover")?.to_vec(),
            fee_multiplier_vote: r.u64("fee_multiplier_vote")?,
            signature: r.aggregate(APP_AGGREGATE)?,
        })
    }

    /// Canonical bytes (type 030A).
    ///
    /// # Errors
    /// [`EncodeError`] for fields beyond the layout's limits.
    pub fn to_canonical(&self) -> Result<Vec<u8>, EncodeError> {
        let exact = |length: usize, wanted_length: usize, what, wanted| {
            exactly(length, wanted_length, what, wanted).map_err(|_| EncodeError {
                what,
                length,
                wanted,
            })
        };
        exact(self.output.len(), 516, "output", "516")?;
        exact(self.state_roots.len(), 4, "state_roots", "4 elements")?;
        let mut out = Writer::new(APP_HEADER);
        out.bytes(&self.address, 64, "address", "at most 64")?;
        out.u64(self.frame_number);
        out.u64(self.rank);
        out.u64(self.timestamp.cast_unsigned());
        out.u32(self.difficulty);
        out.bytes(&self.output, 516, "output", "516")?;
        out.bytes(&self.parent_selector, 32, "parent_selector", "at most 32")?;
        out.bytes(
            &self.requests_root,
            MAX_REQUESTS_ROOT,
            "requests_root",
            "at most 1 MiB",
        )?;
        out.array(&self.state_roots, 4, "state_roots", "4 elements")?;
        out.bytes(&self.prover, 32, "prover", "at most 32")?;
        out.u64(self.fee_multiplier_vote);
        out.aggregate(self.signature.as_ref(), APP_AGGREGATE, "at most 33739")?;
        Ok(out.0)
    }
}

fn exactly(
    length: usize,
    wanted_length: usize,
    what: &'static str,
    wanted: &'static str,
) -> Result<(), DecodeError> {
    if length == wanted_length {
        return Ok(());
    }
    Err(DecodeError::Length {
        what,
        length,
        wanted,
    })
}
