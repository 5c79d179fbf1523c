/** Following the registry inside the worker: one follower per client, which goes on from where it is. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { DriverClock, LightDriver } from '@petal/core/light/driver.ts'
import type { Finding } from '@petal/core/light/events.ts'
import { RegistryFollower } from '@petal/core/light/follow-registry.ts'
import {
  type FollowCrypto,
  FollowError,
  type FollowErrorCode,
  type Followed,
  type FollowHost as FollowerHost,
  type FollowOptions,
  type FollowSource,
  type FollowStep,
} from '@petal/core/light/follow-registry-types.ts'
import { CryptoError } from '@petal/core/platform/crypto.ts'
import type { EngineRules } from '@petal/core/platform/engine.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
import type { FollowedCommittee, FollowedStep, FollowingProgress, FollowWish } from './follow-types.ts'
import type { ClientErrorCode, Verified } from './types.ts'
import { refusalText } from './values.ts'

/** Verified frames that are looked at for one to start from. */
const RECENT = 24

export type OnFollowing = (progress: FollowingProgress) => void

export type FollowOutcome =
  | { readonly kind: 'followed'; readonly answer: Verified<FollowedCommittee> }
  | { readonly kind: 'failed'; readonly code: ClientErrorCode; readonly reason: string }

export interface FollowHostParts {
  readonly driver: Pick<LightDriver, 'followSources' | 'recent' | 'query'>
  readonly crypto: FollowCrypto
  readonly clock: DriverClock
  readonly rules: EngineRules
  /** Connects to nodes that the client has left; those that answer. */
  readonly dial: (signal: AbortSignal) => Promise<readonly LightPeer[]>
  /** Newest frame that nodes offer, not verified. */
  readonly offered: () => bigint | null
}

export class FollowHost {
  readonly #parts: FollowHostParts
  readonly #host: FollowerHost
  #follower: RegistryFollower | null = null
  /** Connections of the call under way. */
  #own: readonly LightPeer[] = []
  /** The call before: one at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: FollowHostParts) {
    this.#parts = parts
    const { crypto, clock, driver } = parts
    this.#host = { crypto, clock, peers: () => differing([...this.#own, ...driver.followSources()]) }
  }

  /** Never rejects: what went wrong is the outcome. */
  follow(wish: FollowWish, signal: AbortSignal, onProgress?: OnFollowing): Promise<FollowOutcome> {
    const call = this.#turn.then(async (): Promise<FollowOutcome> => {
      try {
        return { kind: 'followed', answer: await this.#follow(wish, { signal, ...telling(onProgress) }) }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        return { kind: 'failed', code: codeOf(error, signal), reason }
      } finally {
        for (const peer of this.#own) void peer.close().catch(() => {})
        this.#own = []
      }
    })
    this.#turn = call
    return call
  }

  async #follow({ frame, from }: FollowWish, options: FollowOptions): Promise<Verified<FollowedCommittee>> {
    const target = frame ?? this.#recent()[0]?.facts?.number ?? this.#parts.offered()
    if (target === null) throw new FollowError('notFound', 'No node offers a frame yet.')
    // what its own committee did not sign looks like a lie to the client: it leaves nodes that are of use here
    const certified = this.#recent().some(({ facts }) => facts?.number === target)
    if (from !== null || !certified || this.#host.peers().length === 0)
      this.#own = await this.#parts.dial(options.signal)
    const follower = await this.#startFor(target, from, options)
    const followed = await follower.advance(target, options)
    this.#follower = follower
    const { facts } = followed.point
    const rival = this.#recent().find(({ facts: held }) => held?.number === target)?.facts
    if (rival && bytesToHex(rival.identity) !== bytesToHex(facts.identity)) {
      this.#follower = null
      const both = `${bytesToHex(facts.identity)} by this way and ${bytesToHex(rival.identity)} by the committee of this client`
      throw new FollowError('refused', `Frame ${target} was certified twice: ${both}.`, followed.steps)
    }
    return shown(followed)
  }

  async #startFor(target: bigint, from: Uint8Array | null, options: FollowOptions): Promise<RegistryFollower> {
    if (from !== null) return await this.#start(from, await this.#isGenesis(from, options.signal), options)
    if (this.#follower !== null && this.#follower.point.facts.number <= target) return this.#follower
    const known = this.#recent().findLast(({ facts }) => facts !== null && facts.number <= target)
    const { bytes, verified } = known ?? (await this.#certified(target, options.signal))
    return await this.#start(bytes, verified === 'full', options)
  }

  #start(header: Uint8Array, wholeHeader: boolean, options: FollowOptions): Promise<RegistryFollower> {
    return RegistryFollower.start(this.#host, { header, wholeHeader, rules: this.#parts.rules }, options)
  }

  /** Newest first; all with their time proof. */
  #recent(): readonly Finding[] {
    return this.#parts.driver.recent(RECENT).filter(({ verified }) => verified === 'full')
  }

  /** A header that the client verified with its own committee. */
  async #certified(number: bigint, signal: AbortSignal): Promise<Finding> {
    const outcome = await this.#parts.driver.query({ kind: 'header', number }, signal)
    if (outcome.kind === 'failed') {
      const code = outcome.code === 'noPeers' || outcome.code === 'notFound' ? outcome.code : 'refused'
      throw new FollowError(code, outcome.reason)
    }
    if (outcome.finding.verified === false) throw new FollowError('refused', refusalText(outcome.finding))
    return outcome.finding
  }

  async #isGenesis(header: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const { number, identity } = await this.#parts.crypto.inspectHeader(header, { signal })
    const { genesisNumber, genesisIdentity } = this.#parts.rules
    return number === BigInt(genesisNumber) && bytesToHex(identity) === genesisIdentity
  }
}

/** Each node once. */
function differing(sources: readonly FollowSource[]): readonly FollowSource[] {
  return sources.filter(({ id }, index) => sources.findIndex((other) => other.id === id) === index)
}

function shown({ point, steps, bytes, millis }: Followed): Verified<FollowedCommittee> {
  const { facts, committee, leaves } = point
  const members = committee.members.map(({ address, publicKey, weight }) => ({
    address: bytesToHex(address),
    publicKey: bytesToHex(publicKey),
    weight,
  }))
  const { totalWeight } = committee
  if (leaves === null)
    throw new Error('a call follows from a registry that it copied itself: how many leaves it has is known')
  const registryRoot = bytesToHex(facts.proverTreeCommitment)
  return {
    value: {
      members,
      totalWeight,
      threshold: (2n * totalWeight) / 3n,
      registryRoot,
      leaves,
      steps: steps.map(stepShown),
      bytes,
    },
    frame: facts.number,
    root: bytesToHex(facts.identity),
    verified: 'full',
    reason: null,
    millis,
  }
}

function stepShown({ number, identity, code: _, ...step }: FollowStep): FollowedStep {
  return { frame: number, identity: bytesToHex(identity), ...step }
}

function telling(onProgress: OnFollowing | undefined): Pick<FollowOptions, 'onProgress'> {
  if (onProgress === undefined) return {}
  return {
    onProgress: ({ trusted, target, frames, bytes }) => onProgress({ trusted, target, frames, bytes }),
  }
}

const CODES: Readonly<Record<FollowErrorCode, ClientErrorCode>> = {
  noRoot: 'notFound',
  noPeers: 'noPeers',
  notFound: 'notFound',
  quorum: 'refused',
  refused: 'refused',
  committee: 'refused',
  overlap: 'refused',
  limit: 'refused',
  arguments: 'arguments',
}

function codeOf(error: unknown, signal: AbortSignal): ClientErrorCode {
  if (signal.aborted) return 'stopped'
  if (error instanceof FollowError) return CODES[error.code]
  if (error instanceof CryptoError && error.code === 'unavailable') return 'engine'
  if (error instanceof CryptoError && error.code === 'decode') return 'arguments'
  return 'crashed'
}
