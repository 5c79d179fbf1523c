//! The Node addon.

use crate::{Outcome, run, target_dir, workspace};
use std::process::Command;

/// Builds the addon and copies it to `dist/native/petal.node`.
pub fn build() -> Outcome {
    run(Command::new(env!("CARGO")).args(["build", "--release", "--package", "native"]))?;
    let library = format!(
        "{}native{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let from = target_dir().join("release").join(library);
    let folder = workspace().join("dist/native");
    let to = folder.join("petal.node");
    // A running node may have the old file mapped: replace it, never write into it.
    let fresh = folder.join("petal.node.new");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(&from, &fresh))
        .and_then(|_| std::fs::rename(&fresh, &to))
        .map_err(|error| {
            format!(
                "cannot copy {} to {}: {error}",
                from.display(),
                to.display()
            )
        })
}
