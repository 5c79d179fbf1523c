/** Every WASM module and variant, each loaded only when it is chosen. */
import type { FullEngine } from '@petal/core/platform/engine.ts'

export type EngineModule = 'verifier' | 'full'
export type Variant = 'baseline' | 'simd' | 'wide'

/** wasm-bindgen's output; the verifier module lacks what only `FullEngine` has. */
export type Glue = FullEngine & {
  readonly initSync: (options: { readonly module: WebAssembly.Module | BufferSource }) => unknown
}

interface Source {
  /** Address of the binary. */
  readonly url: () => Promise<string>
  /** wasm-bindgen's JavaScript. */
  readonly glue: () => Promise<Glue>
}

const engine = (module: Promise<unknown>): Promise<Glue> => module as Promise<Glue>
const address = (module: Promise<{ readonly default: string }>): Promise<string> => module.then((url) => url.default)

export const MODULES: Readonly<Record<EngineModule, Readonly<Record<Variant, Source>>>> = {
  verifier: {
    baseline: {
      url: () => address(import('../../wasm-crates/dist/verifier/baseline/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/verifier/baseline/petal.js')),
    },
    simd: {
      url: () => address(import('../../wasm-crates/dist/verifier/simd/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/verifier/simd/petal.js')),
    },
    wide: {
      url: () => address(import('../../wasm-crates/dist/verifier/wide/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/verifier/wide/petal.js')),
    },
  },
  full: {
    baseline: {
      url: () => address(import('../../wasm-crates/dist/full/baseline/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/full/baseline/petal.js')),
    },
    simd: {
      url: () => address(import('../../wasm-crates/dist/full/simd/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/full/simd/petal.js')),
    },
    wide: {
      url: () => address(import('../../wasm-crates/dist/full/wide/petal_bg.wasm?url')),
      glue: () => engine(import('../../wasm-crates/dist/full/wide/petal.js')),
    },
  },
}
