/** Every WASM module and variant: addresses are known from the start, nothing is loaded before it is chosen. */
import type { FullEngine } from '@petal/core/platform/engine.ts'
import fullBaseline from '../../wasm-crates/dist/full/baseline/petal_bg.wasm?url'
import fullSimd from '../../wasm-crates/dist/full/simd/petal_bg.wasm?url'
import fullWide from '../../wasm-crates/dist/full/wide/petal_bg.wasm?url'
import verifierBaseline from '../../wasm-crates/dist/verifier/baseline/petal_bg.wasm?url'
import verifierSimd from '../../wasm-crates/dist/verifier/simd/petal_bg.wasm?url'
import verifierWide from '../../wasm-crates/dist/verifier/wide/petal_bg.wasm?url'

export type EngineModule = 'verifier' | 'full'
export type Variant = 'baseline' | 'simd' | 'wide'

/** wasm-bindgen's output; the verifier module lacks what only `FullEngine` has. */
export type Glue = FullEngine & {
  readonly initSync: (options: { readonly module: WebAssembly.Module | BufferSource }) => unknown
}

interface Source {
  /** Address of the binary. */
  readonly url: string
  /** wasm-bindgen's JavaScript. */
  readonly glue: () => Promise<Glue>
}

const engine = (module: Promise<unknown>): Promise<Glue> => module as Promise<Glue>

export const MODULES: Readonly<Record<EngineModule, Readonly<Record<Variant, Source>>>> = {
  verifier: {
    baseline: {
      url: verifierBaseline,
      glue: () => engine(import('../../wasm-crates/dist/verifier/baseline/petal.js')),
    },
    simd: {
      url: verifierSimd,
      glue: () => engine(import('../../wasm-crates/dist/verifier/simd/petal.js')),
    },
    wide: {
      url: verifierWide,
      glue: () => engine(import('../../wasm-crates/dist/verifier/wide/petal.js')),
    },
  },
  full: {
    baseline: {
      url: fullBaseline,
      glue: () => engine(import('../../wasm-crates/dist/full/baseline/petal.js')),
    },
    simd: {
      url: fullSimd,
      glue: () => engine(import('../../wasm-crates/dist/full/simd/petal.js')),
    },
    wide: {
      url: fullWide,
      glue: () => engine(import('../../wasm-crates/dist/full/wide/petal.js')),
    },
  },
}
