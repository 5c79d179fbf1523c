//! How a state store is opened (`AddonStateOptions` in `server-node/state/addon.ts`).

use ledger::Code;
use napi::Result;
use serde::Deserialize;
use store::{Levels, Options};

/// Whatever is left out has the store's own default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Given {
    ballast_bytes: Option<u64>,
    generations: Option<u64>,
    check_on_open: bool,
    salvage: bool,
    levels: Option<GivenLevels>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenLevels {
    notice: u8,
    warning: u8,
    read_only: u8,
}

/// Options from JSON. `identity`: 16 bytes.
pub fn read(identity: &[u8], json: &str) -> Result<Options, Code> {
    let wrong = |what: String| napi::Error::new(Code::Arguments, what);
    let identity = identity
        .try_into()
        .map_err(|_| wrong("an identity has 16 bytes".to_owned()))?;
    let given: Given = serde_json::from_str(json).map_err(|cause| wrong(cause.to_string()))?;
    let defaults = Options::new(identity);
    Ok(Options {
        ballast_bytes: given.ballast_bytes.unwrap_or(defaults.ballast_bytes),
        generations: given.generations.unwrap_or(defaults.generations),
        check_on_open: given.check_on_open,
        salvage: given.salvage,
        levels: given.levels.map_or(defaults.levels, |levels| Levels {
            notice: levels.notice,
            warning: levels.warning,
            read_only: levels.read_only,
        }),
        ..defaults
    })
}
