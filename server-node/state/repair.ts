/** Repair of a stopped node's frames and state: from what is whole on its disk, then from peers. */
import { existsSync } from 'node:fs'
import type { StateSource } from '@petal/core/light/state-reads.ts'
import { loadAddon } from '../crypto/addon.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { lockDirectory } from '../data/lock.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { AddonRepaired, AddonTreeName } from './addon.ts'
import type { NodeState } from './node-state.ts'
import { nodeError, openNodeState, stateDirectory, stateFile } from './open.ts'
import { repairFromPeers } from './peer-repair.ts'
import { agrees, type Progress, ticking, treeText } from './upkeep.ts'

export interface RepairReport {
  readonly dataDirectory: string
  /** Whether a node can run on it now. */
  readonly usable: boolean
  readonly head: string | null
  /** Where the damaged file is kept; null when nothing was wrong with it. */
  readonly damagedFile: string | null
  /** Records that were copied out of it, and those that were there and wrong. */
  readonly copiedRecords: number
  readonly unreadableRecords: number
  /** Trees made again from their own leaves, and from those of peers: shard key and phase. */
  readonly rebuiltTrees: readonly string[]
  readonly restoredTrees: readonly string[]
  /** Trees that are still missing, and why no peer could help. */
  readonly missingTrees: readonly string[]
  /** Trees that are here and not those of the newest header, as far as peers told of them, and why no peer could help. */
  readonly wrongTrees: readonly string[]
  /** Headers and other records that are gone. */
  readonly lostFrames: number
  readonly lostRecords: number
  /** Whether the newest header commits to this state; null while trees are missing, or without a header. */
  readonly headerAgrees: boolean | null
}

export interface RepairOptions {
  /** Nodes that may have what is missing; opened only when something is. */
  readonly peers?: (() => Promise<RepairPeers>) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RepairPeers {
  readonly sources: readonly StateSource[]
  close(): Promise<void>
}

/** Rejects with `NodeError`: `corrupt` for damage beyond repair, which leaves the file as it was. */
export async function repair(
  directory: string,
  progress: Progress,
  { peers, signal = new AbortController().signal }: RepairOptions = {},
): Promise<RepairReport> {
  if (!existsSync(stateFile(directory))) throw new NodeError('data', `there is no state in ${directory}`)
  const lock = await lockDirectory(directory, loadAddon())
  try {
    const repaired = await localRepair(directory, progress)
    const state = await openNodeState(directory, { store: { ballastBytes: 0 } })
    try {
      const { restored, reasons } = await fromPeers(state, peers, progress, signal)
      const missing = await state.refused()
      const names = missing.map(treeText)
      const head = repaired.head === null ? null : BigInt(repaired.head)
      const headerAgrees = missing.length > 0 ? null : await agrees(state, head)
      const unsure = repaired.unconfirmed.length > 0 && headerAgrees !== true
      return {
        dataDirectory: directory,
        usable: missing.length === 0 && headerAgrees !== false && repaired.headFrame && !unsure,
        head: repaired.head,
        damagedFile: repaired.salvaged?.kept ?? null,
        copiedRecords: repaired.salvaged?.copied ?? 0,
        unreadableRecords: repaired.salvaged?.unreadable ?? 0,
        rebuiltTrees: [...repaired.rebuilt, ...repaired.unconfirmed].map(nameText),
        restoredTrees: restored,
        missingTrees: names.map((name) => `${name}: ${reasons.get(name) ?? 'no peer was asked'}`),
        wrongTrees: [...reasons]
          .filter(([name]) => !names.includes(name))
          .map(([name, reason]) => `${name}: ${reason}`),
        lostFrames: repaired.lostFrames,
        lostRecords: repaired.lostRecords,
        headerAgrees,
      }
    } finally {
      await state.close()
    }
  } finally {
    lock.release()
  }
}

const nameText = ({ shardKey, phase }: AddonTreeName): string => `${shardKey} ${phase}`

async function localRepair(directory: string, progress: Progress): Promise<AddonRepaired> {
  const addon = loadAddon()
  try {
    const json = addon.repairStateStore(stateDirectory(directory), JSON.stringify({ ballastBytes: 0 }))
    return JSON.parse(await ticking(json, (seconds) => progress(`looking at every record: ${seconds} s`)))
  } catch (error) {
    throw refused(error, directory)
  }
}

/** The code that the addon puts before the reason. */
function refused(error: unknown, directory: string): unknown {
  const [, code, reason] = /^(\w+): (.*)$/s.exec(messageOf(error)) ?? []
  if (code === 'dataInUse' || code === 'data') return new NodeError(code, reason ?? code, { cause: error })
  if (code === 'full') return new NodeError('data', `${reason}: free space, then start again`, { cause: error })
  if (code !== 'corrupt') return error
  const advice = 'restore a backup of the data directory, or choose another --data-dir'
  return new NodeError('corrupt', `${stateFile(directory)} is beyond repair (${reason}): ${advice}`, { cause: error })
}

async function fromPeers(
  state: NodeState,
  open: RepairOptions['peers'],
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly restored: readonly string[]; readonly reasons: ReadonlyMap<string, string> }> {
  const missing = await state.refused()
  const none = { restored: [], reasons: new Map<string, string>() }
  if (open === undefined) return none
  const { head } = await state.describe()
  // A tree that was built of what was found may lack leaves, which only the header tells.
  if (missing.length === 0 && (await agrees(state, head)) !== false) return none
  const header = head === null ? undefined : await state.frame(head)
  if (header === undefined) {
    const reason = 'the header of the newest frame is lost: nothing says which state is right'
    return { restored: [], reasons: new Map(missing.map((tree) => [treeText(tree), reason])) }
  }
  const crypto = new NodeCrypto({ threads: 1 })
  const peers = await open().catch(async (error: unknown) => {
    await crypto.close()
    throw error
  })
  try {
    const facts = await crypto.inspectHeader(header)
    const told = await repairFromPeers(state, {
      header,
      facts,
      peers: peers.sources,
      crypto,
      signal,
      onProgress: (tree, { leaves }) => progress(`${treeText(tree)}: ${leaves} leaves`),
    })
    return {
      restored: told.restored.map(treeText),
      reasons: new Map(told.failed.map(({ tree, reason }) => [treeText(tree), reason])),
    }
  } catch (error) {
    throw nodeError(error, 'the state store')
  } finally {
    await peers.close()
    await crypto.close()
  }
}
