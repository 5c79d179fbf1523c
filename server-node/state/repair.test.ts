/** A store file damaged in one page: repaired from what is whole, completed by a peer, or refused; never served. */
import { cp, mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StatePeer } from '@petal/core/platform/network.ts'
import { VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../bin/main.ts'
import { commitsTo } from '../chain/ledger.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { startNode } from '../index.ts'
import { openNodeState, stateFile } from './open.ts'
import { type RepairReport, repair } from './repair.ts'
import { openRealChain, type RealChain } from './testing.ts'
import { treeText, verify } from './upkeep.ts'

const PAGE = 4096
const FRAMES = 6
const silent = () => undefined

let root: string
let whole: string
/** A second node with the same chain, which serves. */
let peer: RealChain
let size: number
let copies = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'petal-repair-'))
  whole = join(root, 'whole')
  await mkdir(whole)
  const node = await openRealChain(whole)
  await node.grow(FRAMES)
  await node[Symbol.asyncDispose]()
  size = (await stat(stateFile(whole))).size
  await cp(whole, join(root, 'peer'), { recursive: true })
  peer = await openRealChain(join(root, 'peer'))
})
afterAll(async () => {
  await peer[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

/** A copy whose pages at these places are garbage. */
async function damaged(...pages: readonly number[]): Promise<string> {
  const directory = join(root, `${++copies}`)
  await cp(whole, directory, { recursive: true })
  const file = await open(stateFile(directory), 'r+')
  for (const page of pages) await file.write(Buffer.alloc(PAGE, 0x5a), 0, PAGE, page * PAGE)
  await file.close()
  return directory
}

const serving = (values: StatePeer) => async () => ({
  sources: [{ id: 'peer', address: '/peer', values }],
  close: async () => undefined,
})

/** The state is the one that the newest header commits to, every record of it is whole, and the node goes on. */
async function expectWhole(directory: string): Promise<void> {
  const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
  const crypto = new NodeCrypto({ threads: 1 })
  try {
    const header = (await state.frame(BigInt(FRAMES))) ?? new Uint8Array(0)
    const committed = await state.committed()
    expect(committed !== null && commitsTo(await crypto.inspectHeader(header), committed)).toBe(true)
    expect(await state.verify()).toMatchObject({ sound: true })
  } finally {
    await state.close()
    await crypto.close()
  }
}

describe('every page of the store in turn', () => {
  const outcomes = { untouched: 0, rebuilt: 0, completed: 0, refused: 0 }

  /** What this disk alone gives back, then what a peer adds. */
  async function judge(page: number): Promise<void> {
    const directory = await damaged(page)
    let local: RepairReport
    try {
      local = await repair(directory, silent)
    } catch (error) {
      expect(error).toMatchObject({ name: 'NodeError', code: 'corrupt', message: expect.stringContaining('backup') })
      outcomes.refused++
      return
    }
    if (local.damagedFile === null) outcomes.untouched++
    else expect((await stat(local.damagedFile)).size).toBe(size)
    if (local.missingTrees.length > 0) {
      expect(local).toMatchObject({ usable: false, headerAgrees: null })
      const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
      await expect(state.committed()).rejects.toMatchObject({ code: 'corrupt' })
      await expect(state.prepare(BigInt(FRAMES + 1))).rejects.toMatchObject({ code: 'corrupt' })
      for (const tree of await state.refused())
        await expect(state.at(BigInt(FRAMES)).branch(tree, [])).rejects.toMatchObject({ code: 'corrupt' })
      await state.close()
      expect(await verify(directory, false, silent)).toMatchObject({ sound: false })
      const completed = await repair(directory, silent, { peers: serving(peer.peer) })
      expect(completed).toMatchObject({ usable: completed.missingTrees.length === 0 })
      if (!completed.usable) {
        outcomes.refused++
        return
      }
      expect(completed.restoredTrees).toHaveLength(local.missingTrees.length)
      outcomes.completed++
    } else if (!local.usable) {
      outcomes.refused++
      return
    } else if (local.damagedFile !== null) outcomes.rebuilt++
    await expectWhole(directory)
    await rm(directory, { recursive: true })
  }

  test('is rebuilt, completed by a peer, or refused', { timeout: 240_000 }, async () => {
    const pages = Math.ceil(size / PAGE)
    const step = Number(process.env.PETAL_PAGES ?? Math.max(1, Math.floor(pages / 24)))
    for (let page = 0; page < pages; page += step) await judge(page)
    expect(outcomes.rebuilt).toBeGreaterThan(0)
  })
})

describe('what peers send', () => {
  /** A copy that lacks trees which only a peer has. */
  async function incomplete(): Promise<{ readonly directory: string; readonly missing: number }> {
    for (let page = 1; page < size / PAGE; page++) {
      const directory = await damaged(page)
      const report = await repair(directory, silent).catch(() => undefined)
      if (report !== undefined && report.missingTrees.length > 0 && report.headerAgrees === null)
        return { directory, missing: report.missingTrees.length }
      await rm(directory, { recursive: true })
    }
    throw new Error('no page holds leaves alone')
  }

  test('SYN-03 a peer that lies restores nothing, one beside it that does not does', { timeout: 240_000 }, async () => {
    const { directory, missing } = await incomplete()
    const lying: StatePeer = {
      ...peer.peer,
      sync: async (query, signal) => {
        const answer = await peer.peer.sync(query, signal)
        return answer.length > 200 ? answer.with(answer.length - 100, (answer.at(-100) ?? 0) ^ 1) : answer
      },
    }
    const refused = await repair(directory, silent, { peers: serving(lying) })
    expect(refused).toMatchObject({ usable: false, restoredTrees: [] })
    expect(refused.missingTrees).toHaveLength(missing)
    const nobody = await repair(directory, silent, {
      peers: async () => ({ sources: [], close: async () => undefined }),
    })
    expect(nobody).toMatchObject({ usable: false, restoredTrees: [] })
    const both = async () => ({
      sources: [
        { id: 'liar', address: '/liar', values: lying },
        { id: 'peer', address: '/peer', values: peer.peer },
      ],
      close: async () => undefined,
    })
    const report = await repair(directory, silent, { peers: both })
    expect(report).toMatchObject({ usable: true, missingTrees: [], headerAgrees: true })
    await expectWhole(directory)
    const again = await openRealChain(directory)
    expect((await again.grow(1)).number).toBe(BigInt(FRAMES + 1))
    await again[Symbol.asyncDispose]()
  })

  test('a tree that was built of what was found, and is another than that of the header, comes from a peer', async () => {
    const directory = join(root, 'unconfirmed')
    await cp(whole, directory, { recursive: true })
    const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
    const shard = (await state.trees()).find(({ shardKey }) => shardKey[0] !== 0)
    if (shard === undefined) throw new Error('no shard in the global trees')
    const registry = { shardKey: shardKey(GLOBAL_DOMAIN), phase: VERTEX_ADDS }
    const shortened = [{ shardKey: shard.shardKey, phase: VERTEX_ADDS }, registry]
    for (const tree of shortened) {
      const { leaves } = await state.at(BigInt(FRAMES)).leaves(tree, [], { from: 0, max: 1_000, maxBytes: 8 << 20 })
      const found = async function* () {
        yield* leaves.slice(0, -1)
      }
      const made = await state.restore(tree, found(), new Uint8Array(64))
      expect(await state.restore(tree, found(), made)).toEqual(made)
    }
    await state.close()

    const alone = await repair(directory, silent)
    expect(alone).toMatchObject({ usable: false, headerAgrees: false, missingTrees: [], restoredTrees: [] })
    const nobody = await repair(directory, silent, {
      peers: async () => ({ sources: [], close: async () => undefined }),
    })
    expect(nobody).toMatchObject({ usable: false, restoredTrees: [] })
    expect(nobody.wrongTrees).toContain(`${treeText(registry)}: no peer serves state`)
    const report = await repair(directory, silent, { peers: serving(peer.peer) })
    expect(report).toMatchObject({ usable: true, headerAgrees: true, missingTrees: [], wrongTrees: [] })
    expect(report.restoredTrees.toSorted()).toEqual(shortened.map(treeText).toSorted())
    await expectWhole(directory)
  })

  test('petal-node state repair --from takes them from a running node', { timeout: 240_000 }, async () => {
    const { directory } = await incomplete()
    const serving = join(root, 'serving')
    await cp(whole, serving, { recursive: true })
    const node = await startNode({
      dataDirectory: serving,
      port: 0,
      frameIntervalMillis: 60_000,
      transports: ['websocket'],
      webRoot: root,
      store: { ballastBytes: 0 },
    })
    try {
      expect(await printed('--data-dir', directory)).toMatchObject({ code: 1, json: { usable: false } })
      const unreachable = await printed('--data-dir', directory, '--from', '/ip4/127.0.0.1/tcp/1/ws')
      expect(unreachable).toMatchObject({
        code: 1,
        json: { error: 'data', message: expect.stringContaining('no node') },
      })
      const { code, json } = await printed('--data-dir', directory, '--from', node.url)
      expect(json).toMatchObject({ usable: true, missingTrees: [], headerAgrees: true })
      expect(code ?? 0).toBe(0)
    } finally {
      await node.stop()
    }
    await expectWhole(directory)
  })
})

async function printed(...args: string[]): Promise<{ readonly code: typeof process.exitCode; readonly json: unknown }> {
  const lines: string[] = []
  const { log } = console
  const before = process.exitCode
  console.log = (line: string) => void lines.push(line)
  try {
    await dispatch(['state', 'repair', ...args, '--json'])
    return { code: process.exitCode, json: JSON.parse(lines.join('\n')) }
  } finally {
    console.log = log
    process.exitCode = before
  }
}
