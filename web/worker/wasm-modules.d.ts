/** Lets types be checked before `cargo run -p xtask -- wasm` has written the modules; `modules.ts` says what they are. */
declare module '*/petal.js'
