/**
 * World state and frames of this node: `State` over a store in a thread of its own. A frame and the state that its header commits to become
 * durable together, by `persist`.
 */
import { Worker } from 'node:worker_threads'
import type { StateExample } from '@petal/core/light/anchors.ts'
import {
  type BuiltTree,
  type ChangeList,
  type Committed,
  type Generation,
  type Location,
  type State,
  StateError,
  type TreeLeaf,
  type TreeName,
  VERTEX_ADDS,
} from '@petal/core/platform/state.ts'
import { messageOf, NodeError } from '../errors.ts'
import { LIVE } from './addon.ts'
import type { ShardProof, StateInfo } from './host.ts'
import type {
  StateArguments,
  StateFailure,
  StateMethod,
  StateRequest,
  StateResponse,
  StateResult,
  StateWorkerData,
} from './protocol.ts'

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Frames between two removals of old generations; each takes tens of milliseconds. */
const PRUNE_FRAMES = 8n

export class NodeState implements Omit<State, 'replace' | 'patch'> {
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  #ids = 0
  #ended: Error | undefined
  #newest: bigint | null = null

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Opens or creates the store. Rejects with `NodeError` or `StateError`. */
  static async open(directory: string, addonPath?: string): Promise<NodeState> {
    const data: StateWorkerData = { directory, addonPath }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })
    const state = new NodeState(worker)
    await state.#start()
    const { generation } = await state.describe()
    state.#newest = generation
    return state
  }

  describe(): Promise<StateInfo> {
    return this.#call('describe')
  }

  /** A tree of leaves, built in the thread. */
  build(leaves: readonly TreeLeaf[], options: { readonly commit: boolean }): Promise<BuiltTree> {
    return this.#call('build', leaves, options.commit)
  }

  applyGenesis(publicKeys: readonly Uint8Array[]): Promise<void> {
    return this.#call('applyGenesis', publicKeys)
  }

  applyDemonstration(frame: bigint): Promise<void> {
    return this.#call('applyDemonstration', frame)
  }

  examples(): Promise<readonly StateExample[]> {
    return this.#call('examples')
  }

  get(location: Location): Promise<Uint8Array | undefined> {
    return this.#call('get', location, LIVE)
  }

  isRemoved(location: Location): Promise<boolean> {
    return this.#call('isRemoved', location)
  }

  apply(changes: ChangeList): Promise<void> {
    return this.#call('apply', changes)
  }

  /** Not durable yet: `persist` makes it so, together with a frame. */
  async commit(frame: bigint): Promise<Committed> {
    const committed = await this.#call('commit', frame)
    this.#newest = frame
    return committed
  }

  /** Resolves when the last commit and this frame are on disk, both or none. */
  async persist(frame: bigint, header: Uint8Array): Promise<void> {
    await this.#call('persist', frame, header)
    // Behind the frame, so that it costs no frame its time.
    if (frame % PRUNE_FRAMES === 0n) await this.#call('prune')
  }

  /** Drops what is not on disk. */
  async discard(): Promise<void> {
    await this.#call('discard')
    this.#newest = (await this.describe()).generation
  }

  /** Header of a stored frame. */
  frame(number: bigint): Promise<Uint8Array | undefined> {
    return this.#call('frame', number)
  }

  async generation(wanted?: { readonly shardKey: Uint8Array; readonly root: Uint8Array }): Promise<NodeGeneration> {
    const frame =
      wanted === undefined ? this.#newest : await this.#call('generationOf', wanted.shardKey, VERTEX_ADDS, wanted.root)
    if (frame === null) throw new StateError('unavailable', 'no such generation is kept here')
    return this.at(frame)
  }

  /** The generation that the commit of a frame made; its calls reject with `unavailable` when it is not kept. */
  at(frame: bigint): NodeGeneration {
    return {
      frame,
      roots: (shardKey) => this.#call('roots', shardKey, frame),
      get: (location) => this.#call('get', location, frame),
      branch: (tree, path) => this.#call('branch', tree, path, frame),
      leaves: (tree, path, range) => this.#call('leaves', tree, path, range, frame),
      prove: (tree, keys) => this.#call('prove', tree, keys, frame),
      holds: (tree, key) => this.#call('holds', tree, key, frame),
      proveShard: (shardKey) => this.#call('proveShard', shardKey, frame),
      release: () => undefined,
    }
  }

  /** Reads every record; rejects with `corrupt`. */
  verify(): Promise<string> {
    return this.#call('verify')
  }

  /** Copies the store of now into a directory; the path of the copy. */
  backup(directory: string): Promise<string> {
    return this.#call('backup', directory)
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const closed = this.#call('close')
    this.#ended = new StateError('closed', 'the store was closed')
    await closed.catch(() => undefined)
    await this.#worker.terminate()
  }

  async #start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#worker.on('message', (response: StateResponse) => {
      if (response.kind === 'open') resolve()
      else if (response.kind === 'refused') reject(errorOf(response.failure))
      else this.#settle(response)
    })
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', (code) => {
      this.#end(new Error(`exit code ${code}`))
      reject(this.#ended)
    })
    try {
      await promise
    } catch (error) {
      this.#ended = error instanceof Error ? error : new Error(String(error))
      await this.#worker.terminate()
      throw error
    }
  }

  #call<M extends StateMethod>(method: M, ...args: StateArguments<M>): Promise<StateResult<M>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      const id = ++this.#ids
      this.#calls.set(id, { resolve: (value) => resolve(value as StateResult<M>), reject })
      this.#worker.postMessage({ id, method, args } satisfies StateRequest)
    })
  }

  #settle(response: Extract<StateResponse, { readonly id: number }>): void {
    const call = this.#calls.get(response.id)
    this.#calls.delete(response.id)
    if (response.kind === 'result') call?.resolve(response.value)
    else call?.reject(errorOf(response.failure))
  }

  /** The thread is gone: nothing that waits will be answered. */
  #end(cause: unknown): void {
    this.#ended ??= new StateError('failed', `the thread of the state store ended: ${messageOf(cause)}`, { cause })
    for (const call of this.#calls.values()) call.reject(this.#ended)
    this.#calls.clear()
  }
}

/** A generation that can also prove its shards in the global commitments. */
export interface NodeGeneration extends Generation {
  /** Whether a tree holds the key, removed or not. */
  holds(tree: TreeName, key: Uint8Array): Promise<boolean>
  /** The four roots of a shard in one global tree; null for a shard that is in none. */
  proveShard(shardKey: Uint8Array): Promise<ShardProof | null>
}

function errorOf(failure: StateFailure): Error {
  return failure.family === 'node'
    ? new NodeError(failure.code, failure.message)
    : new StateError(failure.code, failure.message)
}
