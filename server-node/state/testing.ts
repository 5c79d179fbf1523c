/** A local network of real parts in a directory, for tests: keys, proofs, state. Only its frames come as fast as they can be solved. */
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { PeerError, type StatePeer } from '@petal/core/platform/network.ts'
import { StateError } from '@petal/core/platform/state.ts'
import { type Member, openMembers } from '../chain/committee.ts'
import { FrameMaker } from '../chain/frame-maker.ts'
import { createGenesis, readGenesis, rulesOf } from '../chain/genesis.ts'
import { StateLedger } from '../chain/ledger.ts'
import { LocalChain } from '../chain/local-chain.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { ringOf } from '../keys/testing.ts'
import type { AddonStateOptions } from './addon.ts'
import { NodeStateAnswers } from './answers.ts'
import type { NodeState } from './node-state.ts'
import { openNodeState } from './open.ts'
import { StateVotes } from './votes.ts'

/** The least that the rules allow. */
const DIFFICULTY = 1_000
const GENESIS_MILLIS = 1_700_000_000_000
const FRAME_MILLIS = 10_000n

export interface RealChain extends AsyncDisposable {
  readonly crypto: NodeCrypto
  readonly state: NodeState
  readonly chain: LocalChain
  readonly members: readonly Member[]
  /** Makes frames; facts of the last one. */
  grow(frames: number): Promise<HeaderFacts>
  /** Its state as a client asks a connected node for it. */
  readonly peer: StatePeer
}

export async function openRealChain(directory: string, store: AddonStateOptions = {}): Promise<RealChain> {
  const crypto = new NodeCrypto({ threads: 2 })
  const members = await openMembers(crypto, await ringOf(directory))
  const state = await openNodeState(directory, { store: { ballastBytes: 0, ...store } })
  const ledger = new StateLedger(state)
  const publicKeys = members.map(({ publicKey }) => publicKey)
  const genesis =
    (await readGenesis(directory, crypto, members)) ??
    (await createGenesis(
      directory,
      crypto,
      members,
      await ledger.commitGenesis(publicKeys),
      DIFFICULTY,
      GENESIS_MILLIS,
    ))
  const chain = await LocalChain.open({ ledger, genesis, crypto, frameIntervalMillis: Number(FRAME_MILLIS) })
  const committee = await crypto.openCommittee(chain.committee)
  const maker = new FrameMaker(crypto, members, committee, rulesOf(genesis), new StateVotes(state))
  const grow = async (frames: number) => {
    for (let made = 0; made < frames; made++) {
      const parent = chain.headFacts
      const due = parent.timestamp + FRAME_MILLIS
      const { signal } = new AbortController()
      const frame = await maker.make(parent, await chain.nextRoots(), due, genesis.difficulty, signal)
      await chain.append(frame.header, frame.facts)
    }
    return chain.headFacts
  }
  const answers = new NodeStateAnswers(state)
  return {
    crypto,
    state,
    chain,
    members,
    grow,
    peer: {
      state: (question) => told(answers.state(question, chain.head().number)),
      shard: (domain, frame) => told(answers.shard(domain, frame ?? chain.head().number)),
      sync: (query) => told(answers.sync(query)),
    },
    async [Symbol.asyncDispose]() {
      await chain.close()
      await crypto.close()
    },
  }
}

/** What a client hears of a state that cannot answer (`net/conversation.ts`). */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StateError) throw new PeerError('notFound', error.message)
    throw error
  }
}
