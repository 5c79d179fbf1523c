//! Builds what JavaScript loads: `cargo run --release -p xtask -- wasm` and `-- native`.
//!
//! `wasm` writes `dist/{verifier,full}/{baseline,simd,wide}/petal.js` and `petal_bg.wasm` (wasm-bindgen, web output, which serves
//! Node and browsers alike), optimised by Binaryen. `native` writes `dist/native/petal.node`.
//! Environment: `WASM_BUILD_STD=1` with `WASM_SRC_ROOT=<dir>/library` builds the standard library from source where no
//! prebuilt one can be had (`scripts/setup-wasm.sh` decides).

mod native;
mod wasm;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What went wrong, for a person.
type Outcome = Result<(), String>;

const USAGE: &str = "usage: xtask wasm [verifier|full] [baseline|simd|wide] | native";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["wasm", filters @ ..] => wasm::build(filters),
        ["native"] => native::build(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The Cargo workspace, `wasm-crates`.
fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Cargo's own target directory, honouring `CARGO_TARGET_DIR`.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// Runs a command in the workspace; its output goes to ours.
fn run(command: &mut Command) -> Outcome {
    let shown = format!("{command:?}");
    let status = command
        .current_dir(workspace())
        .status()
        .map_err(|error| format!("cannot run {shown}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("failed ({status}): {shown}"))
    }
}
