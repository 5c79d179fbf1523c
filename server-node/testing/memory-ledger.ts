/** A ledger in memory, for tests of the chain above it: frames survive `close` and a new ledger over the same map. */
import { createHash } from 'node:crypto'
import type { Ledger, StateRoots } from '../chain/ledger.ts'

export class MemoryLedger implements Ledger {
  readonly frames: Map<bigint, Uint8Array>

  constructor(frames = new Map<bigint, Uint8Array>()) {
    this.frames = frames
  }

  async head(): Promise<bigint | null> {
    return this.frames.size === 0 ? null : BigInt(this.frames.size - 1)
  }

  async frame(number: bigint): Promise<Uint8Array | undefined> {
    return this.frames.get(number)
  }

  async commitGenesis(publicKeys: readonly Uint8Array[]): Promise<StateRoots> {
    return rootsOf(Buffer.concat(publicKeys))
  }

  async commitFrame(number: bigint): Promise<StateRoots> {
    return rootsOf(Buffer.from(number.toString()))
  }

  async persist(number: bigint, header: Uint8Array): Promise<void> {
    this.frames.set(number, header)
  }

  async close(): Promise<void> {}
}

/** Any 256 values and a root that follow from the content. */
function rootsOf(content: Uint8Array): StateRoots {
  const root = new Uint8Array(createHash('sha512').update(content).digest())
  return { globalCommitments: Array.from({ length: 256 }, () => root), proverTreeCommitment: root }
}
