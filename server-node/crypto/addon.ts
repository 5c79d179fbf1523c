/** Loads the native addon that `npm run build` makes. Nothing happens at import. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import type { LockAddon } from '../data/addon.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { QuicAddon } from '../net/quic/addon.ts'
import type { StateAddon } from '../state/addon.ts'

/** Everything the addon exports. */
export type Addon = FullEngine & QuicAddon & StateAddon & LockAddon

export const ADDON_PATH = fileURLToPath(new URL('../../wasm-crates/dist/native/petal.node', import.meta.url))

/** Throws `NodeError` `engine` with what to do. */
export function loadAddon(path: string = ADDON_PATH): Addon {
  if (!existsSync(path)) {
    throw new NodeError('engine', `the native addon ${path} is not built: run npm run build`)
  }
  try {
    return createRequire(import.meta.url)(path) as Addon
  } catch (error) {
    throw new NodeError('engine', `the native addon ${path} does not load: ${messageOf(error)}`, { cause: error })
  }
}
