/** What the committee of a local network has voted, on disk before a vote leaves: an older copy of the store never votes again (spec 30). */
import { StateError } from '@petal/core/platform/state.ts'
import type { VoteBook } from '../chain/frame-maker.ts'
import { NodeError } from '../errors.ts'
import type { NodeState } from './node-state.ts'
import { nodeError } from './open.ts'

const WAY_OUT = 'petal-node state accept-rollback'

export class StateVotes implements VoteBook {
  readonly #state: NodeState

  constructor(state: NodeState) {
    this.#state = state
  }

  async highest(): Promise<bigint | null> {
    const { standing, voteRank, recordedHead } = await this.#state.voting()
    if (standing === 'current') return voteRank
    throw new NodeError('rollback', `no vote leaves this node: ${await this.#why(standing, recordedHead)}`)
  }

  async record(rank: bigint): Promise<void> {
    try {
      await this.#state.recordVote(rank)
    } catch (error) {
      if (!(error instanceof StateError && error.code === 'frame')) throw nodeError(error)
      throw new NodeError('rollback', `a vote of rank ${rank} or above is recorded: none of this rank is given`, {
        cause: error,
      })
    }
  }

  async #why(standing: 'behind' | 'lost' | 'foreign', recordedHead: bigint | null): Promise<string> {
    const above = `${WAY_OUT} --rank R, R at least the rank of the newest frame that this node ever made`
    switch (standing) {
      case 'behind': {
        const { head } = await this.#state.describe()
        const held = head === null ? 'no frame' : `frames up to ${head}`
        return (
          `the store holds ${held}, but the node has voted over one that held frame ${recordedHead}. An older copy could contradict ` +
          `what was signed: put the newer store back or, when it is lost for good, run ${WAY_OUT}`
        )
      }
      case 'lost':
        return `the store has voted before, and the record of its votes is not here: put state/safety-committee back, or run ${above}`
      case 'foreign':
        return `state/safety-committee records the votes of another store: put the right one back, or run ${above}`
    }
  }
}
