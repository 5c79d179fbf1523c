import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FullEngine } from '../../core/platform/engine.ts'

/** The addon has one more call: `setPortable(true)` forces the kernels that any machine has. */
export interface NativeEngine extends FullEngine {
  setPortable(portable: boolean): void
}

const addon = fileURLToPath(new URL('../../wasm-crates/dist/native/petal.node', import.meta.url))

/** The Node addon. Throws when it was not built. */
export function loadNativeEngine(): NativeEngine {
  if (!existsSync(addon)) throw new Error('the Node addon is not built: run npm run build')
  return createRequire(import.meta.url)(addon) as NativeEngine
}
