//! Upkeep of the state store: verification, repair, and what its voters have said.

use super::{StateStore, number, phase_set, shard_key, thrown};
use crate::state_options;
use crate::state_shown::{
    Error, LeafLists, RefusedJson, RepairedJson, SalvagedJson, Verified, VotingJson, json, names,
    served, tree_names,
};
use ledger::{Code, Ledger, Repaired};
use napi::bindgen_prelude::{AsyncTask, BigInt, FnArgs, Function, Uint8Array};
use napi::{Env, Result, Task};
use napi_derive::napi;
use store::{Options, Standing};

/// Called with numbers of records: looked at, and all.
type Progress<'a> = Option<Function<'a, FnArgs<(f64, f64)>, ()>>;

#[napi]
impl StateStore {
    /// Reads everything and follows every link; JSON `AddonVerified`.
    #[napi(catch_unwind)]
    pub fn verify(&self, progress: Progress) -> Result<String, Code> {
        let mut told = |done: u64, all: u64| {
            if let Some(callback) = &progress {
                // Whoever listens and fails does not end the work.
                let _ = callback.call((done as f64, all as f64).into());
            }
        };
        let report = self.open()?.verify(&mut told).map_err(thrown)?;
        json(&Verified {
            sound: report.is_sound(),
            pages_sound: report.pages_sound,
            records: report.records,
            bytes: report.bytes,
            trees: report.trees,
            damaged: names(&report.damaged),
            missing: names(&report.missing),
            wrong: names(&report.wrong),
            orphans: report.orphans.iter().map(|(_, count)| count).sum(),
        })
    }

    /// JSON list of `AddonRefused`: trees that a repair dropped and that are not there again.
    #[napi(catch_unwind)]
    pub fn refused(&self) -> Result<String, Code> {
        let refused = self.open()?.refused_roots().map_err(thrown)?;
        let refused = refused.iter().map(|((shard, set), root)| RefusedJson {
            shard_key: hex::encode(shard.to_bytes()),
            phase: set.index(),
            root: root.as_ref().map(|root| hex::encode(root.as_bytes())),
        });
        json(&refused.collect::<Vec<_>>())
    }

    /// Puts a dropped tree back; the root that the leaves make. Nothing changes unless it is expected.
    #[napi(catch_unwind)]
    pub fn restore(
        &mut self,
        shard: &[u8],
        phase: u32,
        leaves: LeafLists,
        expected: &[u8],
    ) -> Result<Uint8Array, Code> {
        let (shard, set, leaves) = (shard_key(shard)?, phase_set(phase)?, served(&leaves)?);
        let root = self
            .open_mut()?
            .restore(&shard, set, leaves, expected)
            .map_err(thrown)?;
        Ok(Uint8Array::new(root.as_bytes().to_vec()))
    }

    /// JSON `AddonVoting`.
    #[napi(catch_unwind)]
    pub fn voting(&mut self) -> Result<String, Code> {
        let (standing, mark) = self.open_mut()?.voting().map_err(thrown)?;
        json(&VotingJson {
            standing: match standing {
                Standing::Current => "current",
                Standing::Behind { .. } => "behind",
                Standing::Foreign => "foreign",
                Standing::Lost => "lost",
            },
            vote_rank: mark.vote_rank.map(|rank| rank.to_string()),
            recorded_head: mark.head.map(|head| head.to_string()),
        })
    }

    /// Records a vote; on disk when this returns.
    #[napi(js_name = "recordVote", catch_unwind)]
    pub fn record_vote(&mut self, rank: BigInt) -> Result<(), Code> {
        let rank = number(&rank)?;
        self.open_mut()?.record_vote(rank).map_err(thrown)
    }

    /// Lets a store vote that is older than what was said with it, above a rank.
    #[napi(js_name = "acceptRollback", catch_unwind)]
    pub fn accept_rollback(&mut self, rank: BigInt) -> Result<(), Code> {
        let rank = number(&rank)?;
        self.open_mut()?.accept_rollback(rank).map_err(thrown)
    }
}

/// A repair in a thread of its own.
pub struct Repair {
    directory: String,
    options: Options,
}

impl Task for Repair {
    type Output = Result<Repaired, Code>;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        let repaired = Ledger::repair(&self.directory, &self.options, &mut |_, _| {});
        Ok(repaired.map_err(thrown))
    }

    fn resolve(&mut self, env: Env, repaired: Self::Output) -> Result<String> {
        let _ = env;
        let shown = repaired.and_then(|repaired| shown(&repaired));
        shown.map_err(|cause: Error| {
            napi::Error::from_reason(format!("{}: {}", cause.status.as_str(), cause.reason))
        })
    }
}

/// Looks at everything in a closed store and makes again what can be made again; JSON `AddonRepaired`. Rejects with an `Error` whose
/// message begins with a code and a colon.
#[napi(js_name = "repairStateStore")]
pub fn repair_state_store(directory: String, options: String) -> Result<AsyncTask<Repair>, Code> {
    let options = state_options::read(&[0; 16], &options)?;
    Ok(AsyncTask::new(Repair { directory, options }))
}

fn shown(repaired: &Repaired) -> Result<String, Code> {
    json(&RepairedJson {
        head: repaired.head.map(|head| head.to_string()),
        salvaged: repaired.salvaged.as_ref().map(|file| SalvagedJson {
            copied: file.copied,
            unreadable: file.unreadable,
            kept: file.kept.to_string_lossy().into_owned(),
        }),
        rebuilt: tree_names(&repaired.rebuilt),
        unconfirmed: tree_names(&repaired.unconfirmed),
        refused: tree_names(&repaired.refused),
        lost_records: repaired.lost,
        lost_frames: repaired.lost_frames,
        head_frame: repaired.head_frame,
    })
}
