import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { FullEngine } from '../../core/platform/engine.ts'

/** Builds of the full WASM module: without SIMD, with simd128, with wide arithmetic. */
export type WasmVariant = 'baseline' | 'simd' | 'wide'

/** What wasm-bindgen's `--target web` output exports besides the engine calls. */
interface WasmBindgenModule extends FullEngine {
  initSync(options: { module: BufferSource | WebAssembly.Module }): unknown
}

const distribution = fileURLToPath(new URL('../../wasm-crates/dist/full/', import.meta.url))

/** Folder that holds `petal.js` and `petal_bg.wasm` of one variant. */
export const wasmFolder = (variant: WasmVariant): string => `${distribution}${variant}`

/**
 * The full WASM module, running in this thread. Loading twice gives the same instance.
 * Throws when it was not built, and when this engine of JavaScript refuses the variant.
 */
export async function loadWasmEngine(variant: WasmVariant = 'simd'): Promise<FullEngine> {
  const script = `${wasmFolder(variant)}/petal.js`
  const binary = `${wasmFolder(variant)}/petal_bg.wasm`
  if (!existsSync(script) || !existsSync(binary))
    throw new Error(`the WASM module full/${variant} is not built: run npm run build`)
  const bytes = await readFile(binary)
  if (!WebAssembly.validate(bytes))
    throw new Error(`this JavaScript engine does not accept the WASM variant ${variant}`)
  const module = (await import(pathToFileURL(script).href)) as WasmBindgenModule
  module.initSync({ module: new WebAssembly.Module(bytes) })
  return module
}
