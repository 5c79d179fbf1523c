/** A node never signs two votes of one rank, whatever copy of its store it is started over. */
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type NodeEvent, startNode } from '../index.ts'
import { openNodeState, stateDirectory, stateFile } from './open.ts'
import { openRealChain } from './testing.ts'
import { acceptRollback, backup } from './upkeep.ts'
import { StateVotes } from './votes.ts'

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'petal-votes-'))
  directory = join(root, 'data')
  await mkdir(directory)
})
afterEach(() => rm(root, { recursive: true }))

const safetyFile = (data: string) => join(stateDirectory(data), 'safety-committee')
const silent = () => undefined

/** Makes frames and closes again; the rank of the newest. */
async function grow(data: string, frames: number): Promise<bigint> {
  const node = await openRealChain(data)
  try {
    return (await node.grow(frames)).rank
  } finally {
    await node[Symbol.asyncDispose]()
  }
}

async function refusal(data: string): Promise<unknown> {
  return grow(data, 1).catch((error: unknown) => error)
}

describe('a store that is older than the votes of its node', () => {
  let old: string
  beforeEach(async () => {
    await grow(directory, 2)
    old = join(root, 'old.redb')
    await cp(stateFile(directory), old)
    await grow(directory, 3)
    await rename(old, stateFile(directory))
  })

  test('gives no vote, and says why and what to do', async () => {
    expect(await refusal(directory)).toMatchObject({
      name: 'NodeError',
      code: 'rollback',
      message: expect.stringMatching(/frames up to 2, but .* held frame 5.*accept-rollback/s),
    })
    const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
    const votes = new StateVotes(state)
    await expect(votes.record(99n)).rejects.toMatchObject({ code: 'corrupt' })
    await state.close()
  })

  test('in a running node no frame is made, finally; its frames are served', async () => {
    const events: NodeEvent[] = []
    const node = await startNode({
      dataDirectory: directory,
      port: 0,
      frameIntervalMillis: 500,
      transports: ['websocket'],
      webRoot: root,
      store: { ballastBytes: 0 },
      onEvent: (event) => void events.push(event),
    })
    try {
      const failure = () => events.find(({ event }) => event === 'failure')
      await expect.poll(failure, { timeout: 20_000 }).toMatchObject({
        final: true,
        message: expect.stringContaining('accept-rollback'),
      })
      expect(node.source.head().number).toBe(2n)
    } finally {
      await node.stop()
    }
  })

  test('votes again above what was said, once its operator accepts that the newer state is lost', async () => {
    const report = await acceptRollback(directory, null)
    expect(report).toMatchObject({ before: 'behind', head: '2', votesAbove: '5' })
    // Frame 3 once more, at the rank after the votes that were given.
    expect(await grow(directory, 1)).toBe(6n)
  })
})

describe('a store whose votes are not known', () => {
  test('a backup gives no vote before its operator names a rank', async () => {
    await grow(directory, 3)
    const copy = join(root, 'copy')
    await backup(directory, copy, silent)
    for (const name of ['keys.json', 'keys.passphrase']) await cp(join(directory, name), join(copy, name))
    expect(await refusal(copy)).toMatchObject({
      code: 'rollback',
      message: expect.stringMatching(/not here.*accept-rollback --rank/s),
    })
    await expect(acceptRollback(copy, null)).rejects.toMatchObject({ code: 'rollback' })
    expect(await acceptRollback(copy, 10n)).toMatchObject({ before: 'lost', head: '3', votesAbove: '10' })
    expect(await grow(copy, 1)).toBe(11n)
  })

  test('the record of another store, and one that cannot be read, are not taken', async () => {
    await grow(directory, 1)
    const other = join(root, 'other')
    await mkdir(other)
    await grow(other, 1)
    await cp(safetyFile(other), safetyFile(directory))
    expect(await refusal(directory)).toMatchObject({ code: 'rollback', message: expect.stringContaining('another') })
    await writeFile(safetyFile(directory), 'nothing')
    expect(await refusal(directory)).toMatchObject({ code: 'rollback', message: expect.stringContaining('not here') })
  })
})

test('a vote that was recorded and whose frame was lost is passed over', async () => {
  await grow(directory, 2)
  const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
  const votes = new StateVotes(state)
  expect(await votes.highest()).toBe(2n)
  await votes.record(3n)
  await expect(votes.record(3n)).rejects.toMatchObject({ name: 'NodeError', code: 'rollback' })
  await state.close()
  expect(await grow(directory, 1)).toBe(4n)
  // Nothing was wrong: an accept without a rank changes nothing.
  expect(await acceptRollback(directory, null)).toMatchObject({ before: 'current', votesAbove: '4' })
})
