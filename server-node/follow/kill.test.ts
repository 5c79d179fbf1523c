/** A node that follows is killed at any moment of catching up and following; what it announced stays. `PETAL_KILLS=100` for the long run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitsTo } from '../chain/ledger.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { openNodeState } from '../state/open.ts'
import { HeaderStore } from './header-store.ts'
import { NodeProcess } from './processes.ts'

const KILLS = Number(process.env.PETAL_KILLS ?? 6)
const ROUND_MILLIS = 60_000
/** A life of the node: catching up, and some frames. */
const LIFE_MILLIS = 6_000

let directory: string
let crypto: NodeCrypto
let producer: NodeProcess
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-follow-kill-'))
  crypto = new NodeCrypto({ threads: 1 })
  producer = new NodeProcess('--port', '0', '--frame-interval', '2', '--data-dir', join(directory, 'producer'))
  await producer.ready()
  await producer.frame(3)
}, 120_000)
afterAll(async () => {
  await producer.end('SIGINT')
  await crypto.close()
  await rm(directory, { recursive: true })
})

/** Identities of frames as the producer told them, by number. */
const made = () =>
  new Map(
    producer.events.filter(({ event }) => event === 'frame').map(({ number, identity }) => [`${number}`, identity]),
  )

/** What is stored after a kill: whole, sound, of the producer's chain, and not behind what was announced. */
async function examine(data: string, announced: number, before: bigint | null): Promise<bigint | null> {
  const state = await openNodeState(data, { store: { ballastBytes: 0 } })
  try {
    const { head, generation } = await state.describe()
    expect(generation).toBe(head)
    expect(Number(head ?? -1)).toBeGreaterThanOrEqual(announced)
    if (before !== null) expect(head).toBeGreaterThanOrEqual(before)
    expect(await state.verify()).toMatchObject({ sound: true, damaged: [], missing: [] })
    if (head === null) return null
    const facts = await crypto.inspectHeader((await state.frame(head)) ?? new Uint8Array(0))
    const committed = await state.committed()
    expect(committed !== null && commitsTo(facts, committed)).toBe(true)
    const headers = new HeaderStore(state.kv())
    const told = made()
    for (let number = 1n; number <= head; number++) {
      const header = (await state.frame(number)) ?? (await headers.get(number)) ?? new Uint8Array(0)
      const { identity } = await crypto.inspectHeader(header)
      expect([number, bytesToHex(identity)]).toEqual([number, told.get(`${number}`)])
    }
    return head
  } finally {
    await state.close()
  }
}

async function lifeOf(data: string, millis: number): Promise<number> {
  const [address = ''] = (await producer.ready()).addresses
  const child = new NodeProcess('--port', '0', '--data-dir', data, '--join', address)
  try {
    await Promise.race([sleep(millis), child.closed])
    expect(child.events.filter(({ event }) => event === 'error' || event === 'failure')).toEqual([])
    expect(child.child.exitCode).toBeNull()
  } finally {
    await child.end('SIGKILL')
  }
  return child.head
}

test('killed while it joins for the first time it joins again', { timeout: KILLS * ROUND_MILLIS }, async () => {
  for (let kill = 0; kill < KILLS / 2; kill++) {
    const data = join(directory, `first-${kill}`)
    const announced = await lifeOf(data, 300 + Math.random() * 2_500)
    const child = new NodeProcess(
      '--port',
      '0',
      '--data-dir',
      data,
      '--join',
      (await producer.ready()).addresses.join(),
    )
    try {
      await child.ready()
    } finally {
      await child.end('SIGKILL')
    }
    await examine(data, Math.max(announced, child.head), null)
  }
})

test(`killed ${KILLS} times while it catches up and follows, it goes on from what it had`, {
  timeout: KILLS * ROUND_MILLIS,
}, async () => {
  const data = join(directory, 'follower')
  let announced = -1
  let head: bigint | null = null
  for (let kill = 0; kill < KILLS; kill++) {
    announced = Math.max(announced, await lifeOf(data, 500 + Math.random() * LIFE_MILLIS))
    head = await examine(data, announced, head)
  }
  const child = new NodeProcess('--port', '0', '--data-dir', data)
  try {
    await child.frame(producer.head + 1)
  } finally {
    expect(await child.end('SIGTERM')).toBe(143)
  }
  await examine(data, child.head, head)
})
