/** The machine over the recorded chain with the real verifier module: skipping and sequential verification (FRM-02, FRM-07, FRM-10). */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chainAnchors, type GlobalChain } from '../crypto/compliance.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import type { VerifierEngine } from '../platform/engine.ts'
import type { LightPeer } from '../platform/network.ts'
import { LightDriver } from './driver.ts'
import type { Finding } from './events.ts'
import { descriptionOf } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { boundLimits, type TimeProofPolicy } from './policy.ts'

const read = (path: string) => readFileSync(new URL(`../../test/vectors/${path}`, import.meta.url), 'utf8')
const chain = JSON.parse(read('frames/global_chain.json')) as GlobalChain
const frames = chain.cases.slice(1)
const headers = frames.map((frame) => hexToBytes(frame.header_pb))
const FIRST = BigInt(frames[0]?.header.frame_number ?? 0)

async function loadVerifier(): Promise<VerifierEngine> {
  const folder = new URL('../../wasm-crates/dist/verifier/simd/', import.meta.url)
  const engine = (await import(new URL('petal.js', folder).href)) as VerifierEngine & {
    initSync(options: { module: BufferSource }): unknown
  }
  engine.initSync({ module: await readFile(new URL('petal_bg.wasm', folder)) })
  return engine
}
const crypto = new DirectCrypto(loadVerifier, {
  now: () => performance.now(),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
})
beforeAll(async () => void (await crypto.hashBytes(Uint8Array.of(1))))
afterAll(() => crypto.close())

/** Serves only what `served` lists, in the order of frame numbers; `announce` pushes a head. */
function node(served: ReadonlyMap<bigint, Uint8Array>) {
  let onHead: (header: Uint8Array) => void = () => {}
  const newest = () => [...served.values()].at(-1) as Uint8Array
  const peer: LightPeer = {
    id: 'node',
    address: 'node',
    transport: 'memory',
    hello: async () => ({ network: 'simulated', profile: '2.1.0.24', head: 0n, oldest: 0n, maxHeaders: 32 }),
    head: async () => newest(),
    headers: async (from, count) =>
      [...served].filter(([n]) => n >= from && n < from + BigInt(count)).map(([, h]) => h),
    subscribe: (told, signal) => {
      onHead = told
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
    traffic: () => ({ received: 0, sent: 0 }),
    close: async () => {},
  }
  return { peer, announce: (header: Uint8Array) => onHead(header) }
}

async function follow(served: ReadonlyMap<bigint, Uint8Array>, timeProofs: TimeProofPolicy) {
  const { peer, announce } = node(served)
  const { committee, rules } = chainAnchors(chain)
  const base = descriptionOf(['node'], Date.now())
  const checkpoint = { ...base.anchors.checkpoint, number: rules.genesisNumber, identity: rules.genesisIdentity }
  const description = { ...base, anchors: { ...base.anchors, committee, rules, checkpoint } }
  const refused: [bigint | null, string][] = []
  const heads: Finding[] = []
  const driver = new LightDriver({
    config: { description, timeProofs, limits: boundLimits({}), random: () => 0 },
    crypto,
    store: new MemoryStore(),
    transport: async () => peer,
    clock: {
      now: () => Date.now(),
      at: (time, callback) => {
        const timer = setTimeout(callback, Math.max(0, time - Date.now()))
        return () => clearTimeout(timer)
      },
    },
    listener: {
      state: () => {},
      head: (head) => heads.push(head),
      frame: () => {},
      refusal: ({ frame, reason }) => refused.push([frame, reason]),
      evidence: () => {},
    },
    note: null,
  })
  await driver.start()
  return { driver, announce, refused, heads }
}
const held = (driver: LightDriver) =>
  driver.recent(100).map((one) => bytesToHex(one.facts?.identity ?? new Uint8Array(0)))
const only = (...places: number[]) => new Map(places.map((n) => [FIRST + BigInt(n - 1), headers[n - 1] as Uint8Array]))

describe('the recorded chain', () => {
  test('frame 4, then frame 20 without any between (FRM-10)', async () => {
    const served = only(4)
    const { driver, announce, heads } = await follow(served, 'every')
    await expect.poll(() => heads.at(-1)?.verified, { timeout: 30_000 }).toBe('full')
    served.set(FIRST + 19n, headers[19] as Uint8Array)
    announce(headers[19] as Uint8Array)
    await expect.poll(() => held(driver), { timeout: 30_000 }).toEqual([frames[19]?.identity, frames[3]?.identity])
    await driver.stop()
  }, 90_000)

  test('one by one: each links to its parent; those below quorum are refused and stepped over (FRM-02, FRM-07)', async () => {
    const served = only(1)
    const { driver, announce, refused } = await follow(served, 'off')
    await expect.poll(() => refused.length, { timeout: 30_000 }).toBe(1)
    for (const [i, header] of headers.entries()) {
      if (i === 0) continue
      served.set(FIRST + BigInt(i), header)
      announce(header)
      const decided = () => refused.length + driver.recent(100).length
      await expect.poll(decided, { timeout: 30_000 }).toBe(i + 1)
    }
    const below = frames.filter((frame) => frame.checks?.quorum === false)
    expect(refused.map(([number]) => number)).toEqual(below.map((frame) => BigInt(frame.header.frame_number)))
    expect(held(driver)).toEqual(
      frames
        .filter((frame) => frame.checks?.quorum)
        .map((frame) => frame.identity)
        .toReversed(),
    )
    const linked = driver.recent(100).filter((one) => one.checks.some((check) => check.name === 'link' && check.ok))
    expect(linked).toHaveLength(14) // all but frames 4 and 12, whose parents are below quorum
    await driver.stop()
  }, 120_000)

  test('a recorded header under another number is taken back when its time proof fails', async () => {
    // Frame 19 renumbered: the certificate does not cover the number (spec 11 section 4.3).
    const renumbered = (headers[18] as Uint8Array).slice()
    renumbered[3] = (renumbered[3] ?? 0) ^ 0x01
    const facts = await crypto.inspectHeader(renumbered)
    expect(facts.number).not.toBe(FIRST + 18n)
    const { driver, heads, refused } = await follow(new Map([[facts.number, renumbered]]), 'every')
    await expect.poll(() => refused.length, { timeout: 60_000 }).toBe(1)
    expect(heads[0]).toMatchObject({ verified: 'certificate' })
    expect(driver.head()).toBeNull()
    expect(refused[0]?.[0]).toBe(facts.number)
    await driver.stop()
  }, 90_000)
})
