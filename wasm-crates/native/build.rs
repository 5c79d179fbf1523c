//! Build script of the addon: link flags of N-API.

fn main() {
    napi_build::setup();
}
