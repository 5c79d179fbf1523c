/** What a growing chain writes down: frames, and the state that their headers commit to. Both become durable together. */
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Committed } from '@petal/core/platform/state.ts'
import { NodeError } from '../errors.ts'
import type { NodeState } from '../state/node-state.ts'
import { nodeError } from '../state/open.ts'

/** Fields of a header that describe state (spec 21 section 6). */
export interface StateRoots {
  /** 256 values. */
  readonly globalCommitments: readonly Uint8Array[]
  readonly proverTreeCommitment: Uint8Array
}

export interface Ledger {
  /** Newest frame on disk; null in a new one. */
  head(): Promise<bigint | null>
  /** Header of a frame on disk. */
  frame(number: bigint): Promise<Uint8Array | undefined>
  /** Commits the state of frame 0, whose provers have these keys. In memory until `persist`. */
  commitGenesis(publicKeys: readonly Uint8Array[]): Promise<StateRoots>
  /** Commits the state that the header of frame `number` carries. The same again for the same number, until `persist`. */
  commitFrame(number: bigint): Promise<StateRoots>
  /** Resolves when the frame and the state committed for it are on disk. */
  persist(number: bigint, header: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** The ledger of the local network: state of its own demonstration, on disk. */
export class StateLedger implements Ledger {
  readonly #state: NodeState
  #committed: Committed | undefined

  constructor(state: NodeState) {
    this.#state = state
  }

  async head(): Promise<bigint | null> {
    return (await orDamage(this.#state.describe())).head
  }

  frame(number: bigint): Promise<Uint8Array | undefined> {
    return orDamage(this.#state.frame(number))
  }

  commitGenesis(publicKeys: readonly Uint8Array[]): Promise<StateRoots> {
    return this.#commit(0n, () => this.#state.applyGenesis(publicKeys))
  }

  async commitFrame(number: bigint): Promise<StateRoots> {
    if (this.#committed?.frame === number) return rootsOf(this.#committed)
    return this.#commit(number, () => this.#state.applyDemonstration(number))
  }

  async persist(number: bigint, header: Uint8Array): Promise<void> {
    if (this.#committed?.frame !== number) {
      throw new NodeError('produce', `frame ${number} has no committed state to be stored with`)
    }
    await orDamage(this.#state.persist(number, header))
    this.#committed = undefined
  }

  close(): Promise<void> {
    return this.#state.close()
  }

  async #commit(number: bigint, apply: () => Promise<void>): Promise<StateRoots> {
    this.#committed = undefined
    await orDamage(this.#state.discard())
    await orDamage(apply())
    this.#committed = await orDamage(this.#state.prepare(number))
    return rootsOf(this.#committed)
  }
}

/** Damage is final for a node: `NodeError` `corrupt`. */
async function orDamage<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw nodeError(error)
  }
}

/** Whether a header carries the roots of a commit. */
export function commitsTo(header: StateRoots, { globalCommitments, proverRoot }: Committed): boolean {
  return (
    header.globalCommitments.length === globalCommitments.length &&
    globalCommitments.every((root, index) => sameBytes(root, header.globalCommitments[index] ?? EMPTY)) &&
    sameBytes(proverRoot, header.proverTreeCommitment)
  )
}

const EMPTY = new Uint8Array(0)

function rootsOf({ globalCommitments, proverRoot }: Committed): StateRoots {
  return { globalCommitments, proverTreeCommitment: proverRoot }
}
