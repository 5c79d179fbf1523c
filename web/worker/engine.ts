/**
 * Which WASM module runs here, and how it is loaded: the verifier module for a client that only verifies, the full one otherwise, each in the fastest
 * variant that this browser accepts. Nothing is fetched before `compileEngine`.
 */
import { CryptoError } from '@petal/core/platform/crypto.ts'
import type { FullEngine, VerifierEngine } from '@petal/core/platform/engine.ts'
import { type EngineModule, MODULES, type Variant } from './modules.ts'

/** `(func (result v128) i32.const 0 i8x16.splat)`: accepted where simd128 is. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]
/** A function of `i64.add128`: accepted where wide arithmetic is. */
const WIDE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 10, 1, 96, 4, 126, 126, 126, 126, 2, 126, 126, 3, 2, 1, 0, 10, 14, 1, 12, 0, 32, 0,
  32, 1, 32, 2, 32, 3, 252, 19, 11,
]

export interface CompiledEngine {
  readonly module: EngineModule
  readonly variant: Variant
  readonly compiled: WebAssembly.Module
}

/** The fastest variant that this browser accepts. Throws `CryptoError` `unavailable` where there is no WebAssembly. */
export function chooseVariant(): Variant {
  if (typeof WebAssembly !== 'object') throw new CryptoError('unavailable', 'this browser has no WebAssembly')
  if (WebAssembly.validate(Uint8Array.from(WIDE))) return 'wide'
  return WebAssembly.validate(Uint8Array.from(SIMD)) ? 'simd' : 'baseline'
}

/** Fetches and compiles a module while it arrives. Rejects with `CryptoError` `unavailable`. */
export async function compileEngine(module: EngineModule): Promise<CompiledEngine> {
  const variant = chooseVariant()
  try {
    return { module, variant, compiled: await compile(MODULES[module][variant].url) }
  } catch (error) {
    throw unavailable(error)
  }
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the WebAssembly module was not found (${response.status})`)
  const isWasm = response.headers.get('content-type') === 'application/wasm'
  return isWasm ? await WebAssembly.compileStreaming(response) : await WebAssembly.compile(await response.arrayBuffer())
}

/** Loads the glue of the module that this browser will choose, while that is still being compiled elsewhere. */
export async function prepareEngine(module: EngineModule): Promise<void> {
  await MODULES[module][chooseVariant()].glue()
}

/** Runs a compiled module in this thread. Rejects with `CryptoError` `unavailable`. */
export async function instantiateEngine(engine: CompiledEngine): Promise<VerifierEngine | FullEngine> {
  try {
    const glue = await MODULES[engine.module][engine.variant].glue()
    glue.initSync({ module: engine.compiled })
    return glue
  } catch (error) {
    throw unavailable(error)
  }
}

function unavailable(cause: unknown): CryptoError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new CryptoError('unavailable', `WebAssembly does not run here: ${message}`, { cause })
}
