import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import type { Crypto } from '../platform/crypto.ts'
import type { VerifierEngine } from '../platform/engine.ts'
import { type ComplianceData, cryptoCompliance } from './compliance.ts'
import { DirectCrypto, type EngineLoader } from './direct.ts'

const read = <T>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../../test/vectors/${path}`, import.meta.url), 'utf8')) as T
const data: ComplianceData = {
  chain: read('frames/global_chain.json'),
  negative: read('frames/global_negative.json'),
  signVerify: read('bls48581/sign_verify.json'),
  hashBytes: read('poseidon/hash_bytes.json'),
  traversals: read('tries/traversal.json'),
  trees: read('tries/trees.json'),
}
const options = { now: () => performance.now(), pause: () => new Promise<void>((resolve) => setImmediate(resolve)) }
const make = (load: EngineLoader) => async (): Promise<Crypto> => new DirectCrypto(load, options)

/** The module that a tab loads first. */
async function loadVerifier(): Promise<VerifierEngine> {
  const folder = new URL('../../wasm-crates/dist/verifier/simd/', import.meta.url)
  const engine = (await import(new URL('petal.js', folder).href)) as VerifierEngine & {
    initSync(options: { module: BufferSource }): unknown
  }
  engine.initSync({ module: await readFile(new URL('petal_bg.wasm', folder)) })
  return engine
}

cryptoCompliance('direct, verifier module', make(loadVerifier), { full: false, data })
cryptoCompliance(
  'direct, WASM',
  make(() => loadWasmEngine('simd')),
  { full: true, data },
)
cryptoCompliance(
  'direct, addon',
  make(async () => loadNativeEngine()),
  { full: true, data },
)

describe('direct', () => {
  test('an engine that cannot be loaded is unavailable, and tried again at the next job', async () => {
    let attempts = 0
    const crypto = new DirectCrypto(async () => {
      attempts++
      throw new Error('blocked')
    }, options)
    await expect(crypto.hashBytes(Uint8Array.of(1))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(crypto.hashBytes(Uint8Array.of(1))).rejects.toThrow('blocked')
    expect(attempts).toBe(2)
  })
})
