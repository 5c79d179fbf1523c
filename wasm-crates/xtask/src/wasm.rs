//! The WASM modules: two contents times three instruction sets.

use crate::{Outcome, run, target_dir, workspace};
use std::path::Path;
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

type Variant = (
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static [&'static str],
);

const TARGET: &str = "wasm32-unknown-unknown";

/// Module name, Cargo feature.
const MODULES: [(&str, Option<&str>); 2] = [("verifier", None), ("full", Some("full"))];

/// Variant name, Cargo feature, rustc flags, Binaryen flags. The browser picks one by `WebAssembly.validate` (web/worker/engine.ts).
const VARIANTS: [Variant; 3] = [
    ("baseline", None, "", &[]),
    (
        "simd",
        None,
        "-C target-feature=+simd128",
        &["--enable-simd"],
    ),
    (
        "wide",
        Some("wide"),
        "-C target-feature=+simd128,+wide-arithmetic",
        &["--enable-simd", "--enable-wide-arithmetic"],
    ),
];

/// What rustc 1.95 emits for every wasm32 module.
const BASELINE_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds every module and variant, or those named by `filters`.
pub fn build(filters: &[&str]) -> Outcome {
    let known =
        |word: &&str| MODULES.iter().any(|m| m.0 == *word) || VARIANTS.iter().any(|v| v.0 == *word);
    if let Some(unknown) = filters.iter().find(|word| !known(word)) {
        return Err(format!("unknown module or variant {unknown}"));
    }
    let wanted = |name: &str, all: &[&str]| {
        let named: Vec<_> = filters.iter().filter(|word| all.contains(word)).collect();
        named.is_empty() || named.contains(&&name)
    };
    let modules = MODULES.map(|m| m.0);
    let variants = VARIANTS.map(|v| v.0);
    for variant in VARIANTS {
        for (module, feature) in MODULES {
            if wanted(module, &modules) && wanted(variant.0, &variants) {
                one(module, feature, variant)?;
            }
        }
    }
    Ok(())
}

fn one(
    module: &str,
    feature: Option<&str>,
    (variant, variant_feature, rustflags, binaryen): Variant,
) -> Outcome {
    let features: Vec<&str> = [feature, variant_feature].into_iter().flatten().collect();
    let target = target_dir().join(format!("wasm-{variant}"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "build",
            "--release",
            "--package",
            "wasm",
            "--target",
            TARGET,
        ])
        .args(["--features", &features.join(",")])
        .env("CARGO_TARGET_DIR", &target)
        // wasm-bindgen reads the feature section that stripping would remove; Binaryen strips afterwards.
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("RUSTFLAGS", rustflags);
    if std::env::var("WASM_BUILD_STD").is_ok_and(|value| value == "1") {
        let source =
            std::env::var("WASM_SRC_ROOT").map_err(|_| "WASM_BUILD_STD=1 needs WASM_SRC_ROOT")?;
        // Cargo takes the standard library's source from this folder on a stable toolchain of the same version.
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", source)
            .arg("-Zbuild-std=std,panic_abort");
    }
    run(&mut cargo)?;

    let input = target.join(TARGET).join("release/wasm.wasm");
    let folder = workspace().join("dist").join(module).join(variant);
    let _ = std::fs::remove_dir_all(&folder);
    Bindgen::new()
        .input_path(&input)
        .out_name("petal")
        .web(true)
        .and_then(|bindgen| bindgen.typescript(true).generate(&folder))
        .map_err(|error| format!("wasm-bindgen on {module}/{variant}: {error:#}"))?;
    optimise(&folder.join("petal_bg.wasm"), binaryen)?;
    println!("built {module}/{variant}");
    Ok(())
}

fn optimise(file: &Path, features: &[&str]) -> Outcome {
    let tool = workspace().join("../node_modules/.bin/wasm-opt");
    run(Command::new(tool)
        // LLVM has optimised already; higher levels cost minutes and gain nothing measurable.
        .arg("-O1")
        .args(BASELINE_FEATURES)
        .args(features)
        .arg(file)
        .arg("-o")
        .arg(file))
}
