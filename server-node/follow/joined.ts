/** Opens a network that others make: whom to trust, the frames and state that are here already, and what follows the rest. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkpoint } from '@petal/core/light/anchors.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import { GENESIS_FILE } from '../chain/genesis.ts'
import { LOCAL } from '../chain/local-profile.ts'
import { messageOf, NodeError } from '../errors.ts'
import { expectStateOf } from '../local.ts'
import type { PeerNode } from '../net/node.ts'
import type { ResolvedOptions } from '../options.ts'
import { NodeStateAnswers } from '../state/answers.ts'
import { DiskWatch } from '../state/disk-watch.ts'
import type { NodeState } from '../state/node-state.ts'
import { nodeError, openNodeState } from '../state/open.ts'
import { FollowedChain, type FollowedChainParts } from './followed-chain.ts'
import { Follower } from './follower.ts'
import { FrameGossip } from './frame-gossip.ts'
import { HeaderStore } from './header-store.ts'
import { dialledAddresses, readJoinTarget } from './join-target.ts'
import { PeerPool } from './peer-pool.ts'
import { Progress } from './progress.ts'
import { NETWORK_FILE, openTrustedNetwork } from './trusted-network.ts'
import { HeaderVerifier, type Parent, type VerifiedHeader } from './verifier.ts'

/** Of a key, for people. */
const SHOWN_DIGITS = 12

export interface JoinedNetwork {
  readonly chain: FollowedChain
  readonly state: NodeState
  /** SHA-256, hex, of what is trusted (`genesis-digest.ts`). */
  readonly genesis: string
  /** Who is asked for frames and state. */
  readonly pool: PeerPool
}

export interface JoinParts {
  readonly options: ResolvedOptions
  readonly crypto: Crypto
  /** Locked data directory. */
  readonly directory: string
  readonly net: Pick<PeerNode, 'libp2p' | 'gossip'>
  /** Fires when the node stops. */
  readonly signal: AbortSignal
  readonly stack: AsyncDisposableStack
}

/** Whether a data directory is of a node that joined. */
export const isJoined = (directory: string): boolean => existsSync(join(directory, NETWORK_FILE))

/**
 * Resolves when there is a frame with its state to serve; on the first start that is the newest one. Follows until the signal fires. Rejects
 * with `NodeError`, or with the reason of the signal.
 */
export async function joinNetwork(parts: JoinParts): Promise<JoinedNetwork> {
  const { options, crypto, directory, net, signal, stack } = parts
  const { onEvent } = options
  if (existsSync(join(directory, GENESIS_FILE))) {
    throw new NodeError('options', `${directory} is of a node that makes frames: choose another --data-dir to join`)
  }
  const targets = options.join.map(readJoinTarget)
  const pool = new PeerPool({
    node: net.libp2p,
    greeting: { network: LOCAL.network, profile: LOCAL.profile },
    named: targets.flatMap((target) => (target.kind === 'peer' ? [target.address] : [])),
    onLie: (peer, reason) => onEvent({ event: 'dropped', peer, reason }),
  })
  await pool.start()
  stack.defer(() => pool.stop())
  const trusted = await openTrustedNetwork({
    directory,
    targets,
    genesis: options.genesis,
    alertKey: options.alertKey,
    pool,
    signal,
  })
  const { description, genesis } = trusted
  onEvent({ event: 'joining', network: description.network, genesis, first: trusted.first })
  if (trusted.first && options.genesis === undefined) {
    const message = `network ${genesis} is trusted from now on because it was met first; --genesis pins it`
    onEvent({ event: 'notice', message })
  }
  const namedKey = description.anchors.alertKey
  if (trusted.first && options.alertKey === undefined && namedKey !== undefined) {
    const key = `${namedKey.slice(0, SHOWN_DIGITS)}...`
    const message = `alerts are those of key ${key}, as ${trusted.from} says; --alert-key pins it`
    onEvent({ event: 'notice', message })
  }
  if (targets.every(({ kind }) => kind === 'page')) pool.name(dialledAddresses(trusted.addresses))

  const state = await openNodeState(directory, { addonPath: options.addonPath, store: options.store })
  stack.defer(() => state.close())
  const { committee, rules, checkpoint } = description.anchors
  if (committee === undefined) throw new NodeError('join', 'the network has no pinned committee')
  const verifier = new HeaderVerifier(crypto, await crypto.openCommittee(committee), rules)
  const headers = new HeaderStore(state.kv())
  let follower: Follower | undefined
  const behind = () => follower?.behind ?? true
  const values = new NodeStateAnswers(state)
  const served: FollowedChainParts = {
    description,
    alertKey: options.alertKey,
    state,
    headers,
    verifier,
    values,
    behind,
  }
  const stored = await readStored(state, verifier, directory)
  let chain = stored && (await FollowedChain.open(served, stored))
  const first = Promise.withResolvers<FollowedChain>()
  first.promise.catch(() => undefined)
  if (chain !== undefined) first.resolve(chain)

  const disk = new DiskWatch(onEvent)
  const progress = new Progress(onEvent)
  follower = new Follower({
    state,
    crypto,
    headers,
    verifier,
    pool,
    frameIntervalMillis: description.frameIntervalMillis,
    checkpoint: parentOf(checkpoint),
    stored: stored?.facts,
    onProgress: (at) => progress.state(at),
    onHeaders: (have, wanted) => progress.headers(have, wanted),
    onStuck: (error) => progress.stuck(error),
    onFrame: async (header, skipped) => {
      progress.moved()
      if (chain === undefined) {
        chain = await FollowedChain.open(served, header)
        first.resolve(chain)
      } else {
        if (skipped > 0n) progress.skipped(header.facts.number, skipped)
        await chain.append(header)
      }
      onEvent(frameEvent(header))
      disk.observe(await state.disk())
    },
  })
  const gossip = new FrameGossip({
    gossip: net.gossip,
    verifier,
    source: () => chain,
    onFrame: (header) => follower?.offer(header),
  })
  stack.defer(() => gossip.stop())
  const stopping = new AbortController()
  const running = follower.run(AbortSignal.any([signal, stopping.signal])).catch((error: unknown) => {
    first.reject(nodeError(error))
    onEvent({ event: 'failure', message: messageOf(nodeError(error)), final: true })
  })
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  const stopped = () => first.reject(signal.reason)
  signal.addEventListener('abort', stopped, { once: true })
  if (signal.aborted) stopped()
  return { chain: await first.promise, state, genesis, pool }
}

/** The newest frame with its state, which must be the one that it commits to. */
async function readStored(
  state: NodeState,
  verifier: HeaderVerifier,
  directory: string,
): Promise<Pick<VerifiedHeader, 'bytes' | 'facts'> | undefined> {
  const { head } = await state.describe()
  if (head === null) return undefined
  const bytes = await state.frame(head)
  const facts = bytes && (await verifier.inspect(bytes))
  if (bytes === undefined || facts?.number !== head) {
    throw new NodeError('corrupt', `the store holds something else where frame ${head} belongs`)
  }
  await expectStateOf(facts, state, directory)
  return { bytes, facts }
}

function parentOf({ number, rank, timestamp, identity }: Checkpoint): Parent {
  return {
    number: BigInt(number),
    rank: BigInt(rank),
    timestamp: BigInt(timestamp),
    identity: new Uint8Array(Buffer.from(identity, 'hex')),
  }
}

const frameEvent = ({ facts, signers }: VerifiedHeader) => ({
  event: 'frame' as const,
  number: facts.number.toString(),
  identity: Buffer.from(facts.identity).toString('hex'),
  signers: signers.length === 0 ? null : signers,
  solveMillis: null,
})
