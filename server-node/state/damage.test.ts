/** A data directory that cannot be used says so, and is never served. */
import { cp, mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dispatch } from '../bin/main.ts'
import { type NodeEvent, type NodeOptions, startNode } from '../index.ts'
import { DiskWatch } from './disk-watch.ts'
import { NodeState } from './node-state.ts'
import { openNodeState, stateDirectory, stateFile } from './open.ts'
import { openRealChain } from './testing.ts'

const PAGE = 4096
const FRAMES = 4

let root: string
let whole: string
let directory: string
let copies = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'petal-damage-'))
  whole = join(root, 'whole')
  await mkdir(whole)
  const node = await openRealChain(whole)
  await node.grow(FRAMES)
  await node[Symbol.asyncDispose]()
})
beforeEach(async () => {
  directory = join(root, `${++copies}`)
  await cp(whole, directory, { recursive: true })
})
afterAll(() => rm(root, { recursive: true }))

async function overwrite(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(PAGE, 0x5a), 0, PAGE, at)
  await file.close()
}

const options = (more: NodeOptions = {}): NodeOptions => ({
  dataDirectory: directory,
  port: 0,
  frameIntervalMillis: 500,
  transports: ['websocket'],
  webRoot: root,
  store: { ballastBytes: 0 },
  ...more,
})

async function printed(...args: string[]): Promise<{ readonly code: typeof process.exitCode; readonly json: never }> {
  const { code, text } = await told(...args, '--json')
  return { code, json: JSON.parse(text) as never }
}

async function told(...args: string[]): Promise<{ readonly code: typeof process.exitCode; readonly text: string }> {
  const lines: string[] = []
  const { log } = console
  const before = process.exitCode
  console.log = (line: string) => void lines.push(line)
  try {
    await dispatch(['state', ...args])
    return { code: process.exitCode, text: lines.join('\n') }
  } finally {
    console.log = log
    process.exitCode = before
  }
}

describe('a data directory that cannot be used', () => {
  test('any damaged page of the store keeps the node from starting, as corrupt', async () => {
    const { size } = await stat(stateFile(whole))
    const pages = Array.from({ length: 8 }, (_, index) => Math.floor((index * size) / 8 / PAGE) * PAGE)
    let refused = 0
    for (const at of pages) {
      const damaged = join(root, `page-${at}`)
      await cp(whole, damaged, { recursive: true })
      await overwrite(stateFile(damaged), at)
      const outcome = await openNodeState(damaged, { store: { ballastBytes: 0 } }).catch((error: unknown) => error)
      if (outcome instanceof NodeState) {
        // A page that holds nothing: all that is kept can be read.
        expect(await outcome.verify()).toMatchObject({ sound: true })
        expect(await outcome.frame(BigInt(FRAMES))).toBeDefined()
        await outcome.close()
      } else {
        refused++
        expect(outcome).toMatchObject({
          name: 'NodeError',
          code: 'corrupt',
          message: expect.stringContaining('damaged'),
        })
      }
    }
    expect(refused).toBeGreaterThan(0)
  })

  test('a node over a damaged store starts no listener', async () => {
    await overwrite(stateFile(directory), PAGE)
    await expect(startNode(options())).rejects.toMatchObject({ name: 'NodeError', code: 'corrupt' })
  })

  test('a store whose newest state is not the one that its newest header commits to is refused', async () => {
    const other = join(root, 'other')
    await cp(whole, other, { recursive: true })
    const network = await openRealChain(other)
    const { number } = await network.grow(1)
    const header = (await network.chain.header(number)) ?? new Uint8Array(0)
    await network[Symbol.asyncDispose]()
    const state = await NodeState.open(stateDirectory(directory), { store: { ballastBytes: 0 } })
    // The right header, and what a later frame writes.
    await state.applyDemonstration(number + 2n)
    await state.prepare(number)
    await state.persist(number, header)
    await state.close()
    await expect(startNode(options())).rejects.toMatchObject({
      name: 'NodeError',
      code: 'corrupt',
      message: expect.stringContaining(`frame ${number} commits to another state`),
    })
    const { code, json } = await printed('verify', '--data-dir', directory, '--commitments')
    expect([code, json]).toMatchObject([1, { sound: false, wrongTrees: [], headerAgrees: false }])
  })

  test('one of an earlier version is refused, with what to do', async () => {
    await writeFile(join(directory, 'frames.log'), 'frames')
    await expect(startNode(options())).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/earlier version: choose another --data-dir/),
    })
  })

  test('one in use is refused by the node and by upkeep', async () => {
    const node = await startNode(options())
    try {
      await expect(startNode(options())).rejects.toMatchObject({ name: 'NodeError', code: 'dataInUse' })
      expect(await printed('verify', '--data-dir', directory)).toMatchObject({ code: 1, json: { error: 'dataInUse' } })
    } finally {
      await node.stop()
    }
  })
})

describe('petal-node state', () => {
  test('verify reads everything, and with --commitments rebuilds every tree and asks the header', async () => {
    const { code, json } = await printed('verify', '--data-dir', directory, '--commitments')
    expect(json).toMatchObject({ sound: true, head: `${FRAMES}`, wrongTrees: [], headerAgrees: true })
    expect(code).toBe(0)
    expect((json as { trees: number }).trees).toBeGreaterThan(4)
    expect((json as { rebuiltTrees: number }).rebuiltTrees).toBeGreaterThan(4)
    const quick = await printed('verify', '--data-dir', directory)
    expect(quick).toMatchObject({
      code: 0,
      json: { sound: true, wrong: [], orphans: 0, missingTrees: [], rebuiltTrees: null, headerAgrees: null },
    })
    const { text } = await told('verify', '--data-dir', directory)
    for (const line of [/^sound +yes$/m, /^missing trees +none$/m, /^header agrees +-$/m]) expect(text).toMatch(line)
  })

  test('verify of a damaged store fails with exit code 1', async () => {
    const { size } = await stat(stateFile(directory))
    for (let at = PAGE; at < size; at += 16 * PAGE) await overwrite(stateFile(directory), at)
    const { code, json } = await printed('verify', '--data-dir', directory)
    expect(code).toBe(1)
    expect('error' in json ? json : { error: (json as { sound: boolean }).sound ? '' : 'corrupt' }).toMatchObject({
      error: 'corrupt',
    })
  })

  test('a backup is a data directory that goes on with the same keys', async () => {
    const to = join(root, 'copies', 'backup')
    const { code, json } = await printed('backup', '--data-dir', directory, '--to', to)
    expect(code ?? 0).toBe(0)
    expect(json).toMatchObject({ copy: to, head: `${FRAMES}` })
    for (const name of ['keys.json', 'keys.passphrase']) await cp(join(directory, name), join(to, name))
    // What was signed over the original is not in a backup: the operator says that it is lost.
    const unknown = await printed('accept-rollback', '--data-dir', to)
    expect(unknown).toMatchObject({ code: 1, json: { error: 'rollback', message: expect.stringContaining('--rank') } })
    const accepted = await printed('accept-rollback', '--data-dir', to, '--rank', `${FRAMES}`)
    expect(accepted).toMatchObject({ json: { before: 'lost', votesAbove: `${FRAMES}` } })
    const node = await openRealChain(to)
    expect(node.chain.head().number).toBe(BigInt(FRAMES))
    expect((await node.grow(1)).number).toBe(BigInt(FRAMES + 1))
    await node[Symbol.asyncDispose]()
    const again = await printed('backup', '--data-dir', directory, '--to', to)
    expect(again).toMatchObject({ code: 1, json: { error: 'data', message: expect.stringContaining('already') } })
  })

  test('stats: frames, generations, records, disk', async () => {
    const { json } = await printed('stats', '--data-dir', directory)
    expect(json).toMatchObject({ head: `${FRAMES}`, oldestGeneration: '0', records: { frame: FRAMES + 1 } })
    expect((json as { fileBytes: number }).fileBytes).toBeGreaterThan(PAGE)
    expect(await printed('stats', '--data-dir', join(root, 'nowhere'))).toMatchObject({
      code: 1,
      json: { error: 'data' },
    })
  })
})

describe('levels of the disk', () => {
  const events: NodeEvent[] = []
  afterEach(() => events.splice(0))

  test('each level is told once, upwards and downwards', () => {
    const watch = new DiskWatch((event) => events.push(event))
    for (const level of ['normal', 'notice', 'notice', 'warning', 'notice', 'normal', 'readOnly'] as const)
      watch.observe(level)
    expect(events.map((event) => event.event === 'disk' && event.level)).toEqual([
      'notice',
      'warning',
      'notice',
      'normal',
      'readOnly',
    ])
  })

  test.each([
    ['notice', { notice: 0, warning: 100, readOnly: 100 }],
    ['warning', { notice: 0, warning: 0, readOnly: 100 }],
  ] as const)('a running node tells of %s and goes on', async (level, levels) => {
    const onEvent = (event: NodeEvent) => void events.push(event)
    const node = await startNode(options({ store: { ballastBytes: 0, levels }, onEvent }))
    try {
      await expect.poll(() => events.filter(({ event }) => event === 'frame').length, { timeout: 20_000 }).toBe(2)
    } finally {
      await node.stop()
    }
    expect(events.filter(({ event }) => event === 'disk')).toMatchObject([{ level }])
  })

  test('at the read-only level no frame is made: a final failure says why, and the frames are still served', async () => {
    const onEvent = (event: NodeEvent) => void events.push(event)
    const levels = { notice: 0, warning: 0, readOnly: 0 }
    const node = await startNode(options({ store: { ballastBytes: 0, levels }, onEvent }))
    try {
      const failure = () => events.find(({ event }) => event === 'failure')
      await expect.poll(failure, { timeout: 20_000 }).toMatchObject({
        final: true,
        message: expect.stringMatching(/no room for the store.*free space/),
      })
      expect(events.filter(({ event }) => event === 'disk')).toMatchObject([{ level: 'readOnly' }])
      expect(node.source.head().number).toBe(BigInt(FRAMES))
      expect(await node.source.header(2n)).toBeDefined()
    } finally {
      await node.stop()
    }
  })
})
