import { readFileSync } from 'node:fs'
import { type ComplianceData, chainAnchors, cryptoCompliance } from '@petal/core/crypto/compliance.ts'
import { describe, expect, test } from 'vitest'
import { NodeCrypto } from './node-crypto.ts'

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
const header = new Uint8Array(Buffer.from(data.chain.cases[4]?.header_pb ?? '', 'hex'))

cryptoCompliance('addon in threads', async () => new NodeCrypto({ threads: 2 }), { full: true, data })

describe('threads', () => {
  test('the event loop goes on while a proof is solved', async () => {
    await using stack = new AsyncDisposableStack()
    const crypto = new NodeCrypto({ threads: 1 })
    stack.defer(() => crypto.close())
    await crypto.hashBytes(Uint8Array.of(1))
    let ticks = 0
    const ticking = setInterval(() => ticks++, 5)
    const start = performance.now()
    await crypto.solveVdf(new Uint8Array(32).fill(1), 20_000)
    clearInterval(ticking)
    expect(ticks).toBeGreaterThan(Math.min((performance.now() - start) / 50, 20))
  })

  test('a proof that is being solved is cancelled at once, and the thread takes the next job', async () => {
    await using stack = new AsyncDisposableStack()
    const crypto = new NodeCrypto({ threads: 1 })
    stack.defer(() => crypto.close())
    const controller = new AbortController()
    const job = crypto.solveVdf(new Uint8Array(32).fill(2), 50_000_000, {
      signal: controller.signal,
      progress: () => controller.abort(),
    })
    await expect(job).rejects.toMatchObject({ code: 'cancelled' })
    expect(await crypto.hashBytes(Uint8Array.of(1))).toHaveLength(32)
  })

  test('close in the middle of a job rejects it and does not wait for it', async () => {
    const crypto = new NodeCrypto({ threads: 1 })
    const { promise: started, resolve } = Promise.withResolvers<void>()
    const job = crypto.solveVdf(new Uint8Array(32).fill(3), 50_000_000, { progress: () => resolve() })
    const refused = expect(job).rejects.toMatchObject({ code: 'unavailable' })
    await started
    const start = performance.now()
    await crypto.close()
    await refused
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test('every thread knows a committee that another one opened', async () => {
    await using stack = new AsyncDisposableStack()
    const crypto = new NodeCrypto({ threads: 3 })
    stack.defer(() => crypto.close())
    const { committee, rules } = chainAnchors(data.chain)
    const handle = await crypto.openCommittee(committee)
    const verdicts = await Promise.all(Array.from({ length: 6 }, () => crypto.verifyCertificate(header, handle, rules)))
    expect(verdicts.map(({ valid }) => valid)).toEqual(Array(6).fill(true))
  })

  test('without an addon everything is unavailable and says what to do', async () => {
    const crypto = new NodeCrypto({ threads: 1, addonPath: '/nowhere/petal.node' })
    await expect(crypto.hashBytes(Uint8Array.of(1))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('npm run build'),
    })
    await crypto.close()
  })
})
