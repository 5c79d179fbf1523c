/** A running node that is killed at any moment loses nothing that it announced. `PETAL_KILLS=200` for the long run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { committeeOf, openMembers } from '../chain/committee.ts'
import { readGenesis, rulesOf } from '../chain/genesis.ts'
import { commitsTo } from '../chain/ledger.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { ringOf } from '../keys/testing.ts'
import type { NodeState } from './node-state.ts'
import { openNodeState } from './open.ts'

const PROGRAM = fileURLToPath(new URL('../bin/petal-node.ts', import.meta.url))
const KILLS = Number(process.env.PETAL_KILLS ?? 6)
const ROUND_MILLIS = 30_000
/** Three frames and the time in which the first one is solved. */
const LIFE_MILLIS = 2_500

let directory: string
let crypto: NodeCrypto
/** Identity of every frame that was ever announced. */
const announced = new Map<bigint, string>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-kill-'))
  crypto = new NodeCrypto({ threads: 1 })
})
afterAll(async () => {
  await crypto.close()
  await rm(directory, { recursive: true })
})

/** Starts a node, and kills it some time after it is ready, or after its process began. */
async function lifeOf(data: string, millis: number, since: 'ready' | 'start' = 'ready'): Promise<void> {
  const args = ['start', '--json', '--port', '0', '--frame-interval', '0.5', '--data-dir', data]
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PETAL_PASSPHRASE: undefined },
  })
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as { event: string; number: string; identity: string; message?: string }
    if (event.event === 'frame' && data === directory) announced.set(BigInt(event.number), event.identity)
    else if (event.event === 'ready') ready.resolve()
    else if (event.event === 'error' || event.event === 'failure') ready.reject(new Error(event.message))
  })
  ready.promise.catch(() => undefined)
  const closed = once(child, 'close').then(() => ready.reject(new Error('the node ended by itself')))
  try {
    if (since === 'ready') await ready.promise
    await sleep(millis)
  } finally {
    child.kill('SIGKILL')
    await closed
  }
}

async function examine(state: NodeState): Promise<bigint> {
  const { head, generation } = await state.describe()
  if (head === null) throw new Error('a new store')
  expect(generation).toBe(head)
  const header = await state.frame(head)
  const facts = await crypto.inspectHeader(header ?? new Uint8Array(0))
  const committed = await state.committed()
  expect(committed !== null && commitsTo(facts, committed)).toBe(true)
  for (const [number, identity] of announced) {
    const kept = await crypto.inspectHeader((await state.frame(number)) ?? new Uint8Array(0))
    expect([number, bytesToHex(kept.identity)]).toEqual([number, identity])
  }
  expect(await state.verify()).toMatchObject({ sound: true, damaged: [], missing: [] })
  return head
}

test(`after ${KILLS} kills every announced frame is there, with the state that it commits to`, {
  timeout: KILLS * ROUND_MILLIS,
}, async () => {
  let head = 0n
  for (let kill = 0; kill < KILLS; kill++) {
    await lifeOf(directory, Math.random() * LIFE_MILLIS)
    const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
    try {
      const next = await examine(state)
      expect(next).toBeGreaterThanOrEqual(head)
      head = next
    } finally {
      await state.close()
    }
  }
  expect(announced.size).toBeGreaterThan(0)
})

test('the chain that came of it verifies, and its trees make their roots', {
  timeout: KILLS * ROUND_MILLIS,
}, async () => {
  const members = await openMembers(crypto, await ringOf(directory))
  const genesis = await readGenesis(directory, crypto, members)
  if (genesis === undefined) throw new Error('no genesis')
  const committee = await crypto.openCommittee(committeeOf(genesis.publicKeys))
  const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
  try {
    const { head } = await state.describe()
    let parent = genesis.facts
    for (let number = 1n; number <= (head ?? 0n); number++) {
      const header = (await state.frame(number)) ?? new Uint8Array(0)
      const facts = await crypto.inspectHeader(header)
      expect([facts.number, facts.parentSelector]).toEqual([number, parent.identity])
      expect(await crypto.verifyCertificate(header, committee, rulesOf(genesis))).toMatchObject({ valid: true })
      expect(await crypto.verifyTimeProof(header)).toMatchObject({ ok: true })
      parent = facts
    }
    for (const tree of await state.trees()) expect(await state.verifyCommitments(tree)).toBe(true)
  } finally {
    await state.close()
  }
})

test('a node that is killed while it starts for the first time starts again', {
  timeout: KILLS * ROUND_MILLIS,
}, async () => {
  for (let kill = 0; kill < KILLS / 3; kill++) {
    const data = await mkdtemp(join(tmpdir(), 'petal-kill-first-'))
    try {
      // Twice, so that the second one also meets what the first one left.
      for (let start = 0; start < 2; start++) await lifeOf(data, 300 + Math.random() * LIFE_MILLIS, 'start')
      await lifeOf(data, 0)
      const state = await openNodeState(data, { store: { ballastBytes: 0 } })
      expect(await state.verify()).toMatchObject({ sound: true })
      await state.close()
    } finally {
      await rm(data, { recursive: true })
    }
  }
})
