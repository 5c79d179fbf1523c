/** Verification, copies and figures of a stopped node's frames and state. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { TreeName } from '@petal/core/platform/state.ts'
import { commitsTo } from '../chain/ledger.ts'
import { loadAddon } from '../crypto/addon.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { syncDirectory } from '../data/files.ts'
import { lockDirectory } from '../data/lock.ts'
import { NodeError } from '../errors.ts'
import type { AddonStateOptions, AddonStats, AddonVerified } from './addon.ts'
import type { NodeState } from './node-state.ts'
import { openNodeState, stateDirectory, stateFile } from './open.ts'
import type { Voting } from './store-host.ts'

/** Told often; whoever prints chooses what. */
export type Progress = (text: string) => void

export interface VerifyReport extends AddonVerified {
  readonly dataDirectory: string
  /** Newest frame, decimal; null in an empty store. */
  readonly head: string | null
  /** Trees rebuilt from their leaves; null when that was not asked for. */
  readonly rebuiltTrees: number | null
  /** Trees that a repair dropped and that are not there again: shard key and phase. */
  readonly missingTrees: readonly string[]
  /** Trees whose leaves do not make their root: shard key and phase. */
  readonly wrongTrees: readonly string[]
  /** Whether the newest header commits to this state; null when that was not asked for. */
  readonly headerAgrees: boolean | null
}

export interface BackupReport {
  readonly dataDirectory: string
  readonly copy: string
  readonly head: string | null
  readonly records: number
  readonly bytes: number
}

export interface StatsReport extends AddonStats {
  readonly dataDirectory: string
}

export interface AcceptReport {
  readonly dataDirectory: string
  /** How the state stood to its votes before. */
  readonly before: Voting['standing']
  readonly head: string | null
  /** No vote of this rank or below is given any more; null when none was ever given. */
  readonly votesAbove: string | null
}

const TICK_MILLIS = 1_000

/** Rejects with `NodeError` or `StateError`; what is wrong with records is in the report. */
export function verify(directory: string, commitments: boolean, progress: Progress): Promise<VerifyReport> {
  return withState(directory, { salvage: true, checkOnOpen: false }, async (state) => {
    const { head } = await state.describe()
    const records = await state.verify((done, all) => progress(`following links: ${Math.floor((100 * done) / all)} %`))
    const missing = await state.refused()
    const rebuilt = commitments && records.sound && missing.length === 0 ? await rebuild(state, progress) : null
    const headerAgrees = rebuilt === null ? null : await agrees(state, head)
    const wrongTrees = rebuilt?.wrong ?? []
    return {
      dataDirectory: directory,
      ...records,
      sound: records.sound && missing.length === 0 && wrongTrees.length === 0 && headerAgrees !== false,
      head: head?.toString() ?? null,
      rebuiltTrees: rebuilt?.trees ?? null,
      missingTrees: missing.map(treeText),
      wrongTrees,
      headerAgrees,
    }
  })
}

/** Copies into a new data directory, which gets its name when its store was read back without a fault. */
export async function backup(directory: string, to: string, progress: Progress): Promise<BackupReport> {
  if (existsSync(to)) throw new NodeError('data', `${to} is there already: choose a new directory`)
  await mkdir(dirname(to), { recursive: true })
  return withState(directory, {}, async (state) => {
    const partial = await mkdtemp(join(dirname(to), `${basename(to)}.partial-`))
    try {
      const into = stateDirectory(partial)
      await mkdir(into)
      const copied = state.backup(into)
      await rename(await ticking(copied, (seconds) => progress(`copying: ${seconds} s`)), stateFile(partial))
      const genesis = join(directory, 'genesis.json')
      if (existsSync(genesis)) await copyFile(genesis, join(partial, 'genesis.json'))
      const copy = await readBack(partial, progress)
      await Promise.all([syncDirectory(into), syncDirectory(partial)])
      await rename(partial, to)
      await syncDirectory(dirname(to))
      return { dataDirectory: directory, copy: to, ...copy }
    } finally {
      await rm(partial, { recursive: true, force: true })
    }
  })
}

export function stats(directory: string): Promise<StatsReport> {
  return withState(directory, {}, async (state) => ({ dataDirectory: directory, ...(await state.stats()) }))
}

/**
 * Lets the node of a directory vote again above `rank` and above all that is recorded. Rejects with `NodeError` `rollback` when what was signed is
 * not known and no rank is given.
 */
export function acceptRollback(directory: string, rank: bigint | null): Promise<AcceptReport> {
  return withState(directory, {}, async (state) => {
    const { standing, voteRank } = await state.voting()
    const unknown = standing === 'lost' || standing === 'foreign'
    if (unknown && rank === null) {
      const what =
        'which ranks were signed is not known here: give --rank, at least the rank of the newest frame that this node made'
      throw new NodeError('rollback', what)
    }
    if (standing !== 'current' || rank !== null) await state.acceptRollback(rank ?? voteRank ?? 0n)
    const after = await state.voting()
    const { head } = await state.describe()
    return {
      dataDirectory: directory,
      before: standing,
      head: head?.toString() ?? null,
      votesAbove: after.voteRank?.toString() ?? null,
    }
  })
}

/** Holds the data directory for one piece of work. */
async function withState<T>(
  directory: string,
  store: AddonStateOptions,
  work: (state: NodeState) => Promise<T>,
): Promise<T> {
  if (!existsSync(stateFile(directory))) throw new NodeError('data', `there is no state in ${directory}`)
  const lock = await lockDirectory(directory, loadAddon())
  try {
    const state = await openNodeState(directory, { store: { ballastBytes: 0, ...store } })
    try {
      return await work(state)
    } finally {
      await state.close()
    }
  } finally {
    lock.release()
  }
}

async function readBack(directory: string, progress: Progress) {
  const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
  try {
    const { head } = await state.describe()
    const read = await ticking(state.verify(), (seconds) => progress(`reading the copy: ${seconds} s`))
    if (!read.sound) throw new NodeError('data', 'the copy cannot be read back: is the disk sound?')
    return { head: head?.toString() ?? null, records: read.records, bytes: read.bytes }
  } finally {
    await state.close()
    // What only a running node needs.
    const kept = basename(stateFile(directory))
    for (const name of await readdir(stateDirectory(directory)))
      if (name !== kept) await rm(join(stateDirectory(directory), name))
  }
}

async function rebuild(state: NodeState, progress: Progress) {
  const trees = await state.trees()
  const wrong: string[] = []
  for (const [index, tree] of trees.entries()) {
    progress(`rebuilding tree ${index + 1} of ${trees.length}`)
    if (!(await state.verifyCommitments(tree))) wrong.push(treeText(tree))
  }
  return { trees: trees.length, wrong }
}

export const treeText = ({ shardKey, phase }: TreeName): string => `${bytesToHex(shardKey)} ${phase}`

/** A state without a header, as a copy of another node has it before its first frame, agrees with nothing and contradicts nothing. */
export async function agrees(state: NodeState, head: bigint | null): Promise<boolean | null> {
  const [header, committed] = [head === null ? undefined : await state.frame(head), await state.committed()]
  if (header === undefined || committed === null) return null
  const crypto = new NodeCrypto({ threads: 1 })
  try {
    return commitsTo(await crypto.inspectHeader(header), committed)
  } finally {
    await crypto.close()
  }
}

/** Tells how long the work takes, second by second. */
export async function ticking<T>(work: Promise<T>, tell: (seconds: number) => void): Promise<T> {
  const start = performance.now()
  const timer = setInterval(() => tell(Math.round((performance.now() - start) / 1000)), TICK_MILLIS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
