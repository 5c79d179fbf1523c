/**
 * The committees of a network without a pinned one (spec 11 section 8.4): takes the registry at the checkpoint of the anchors, follows it from header
 * to header, and verifies certificates with what it names. The machine says what to follow to (`committees.ts`); the driver loads this only
 * where it is needed.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { CertificateVerdict, CommitteeHandle, Crypto } from '../platform/crypto.ts'
import { CryptoError } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import { PeerError } from '../platform/network.ts'
import type { Anchors } from './anchors.ts'
import type { CommitteePoint, FollowFailure, StoredCommittee } from './events.ts'
import { RegistryFollower } from './follow-registry.ts'
import { FollowBudget } from './follow-registry-budget.ts'
import { rootOf } from './follow-registry-judge.ts'
import {
  engineCommittee,
  FOLLOW_LIMITS,
  FollowError,
  type FollowedPoint,
  type FollowHost,
  type FollowLimits,
  type GivenHeader,
  NO_ROOT,
  type TrustedFacts,
} from './follow-registry-types.ts'
import { COMMITTEES_KEPT } from './policy.ts'

/** What nodes may cost one step: less than a call that a person waits for. */
export const KEEPER_LIMITS: FollowLimits = { ...FOLLOW_LIMITS, frames: 64, numbers: 128, bytesPerPeer: 64 << 20 }

export type KeeperCrypto = FollowHost['crypto'] & Pick<Crypto, 'closeCommittee'>

export class CommitteeKeeper {
  readonly #host: FollowHost
  readonly #anchors: Pick<Anchors, 'checkpoint' | 'rules'>
  readonly #rules: EngineRules
  #follower: RegistryFollower | null = null
  #adopted: FollowedPoint | null = null
  /** By root of the registry in hex, newest last. */
  readonly #open = new Map<string, CommitteeHandle>()

  constructor(host: FollowHost, anchors: Pick<Anchors, 'checkpoint' | 'rules'>) {
    this.#host = host
    this.#anchors = anchors
    // bitmasks are over the committee of the registry itself
    this.#rules = { ...anchors.rules, signersByKey: false }
  }

  /** The frame whose committee is in use; null before the first. */
  get point(): CommitteePoint | null {
    if (this.#adopted === null) return null
    const { facts, header, committee } = this.#adopted
    const root = bytesToHex(facts.proverTreeCommitment)
    return { frame: facts.number, root, members: committee.members.length, header }
  }

  /** The same for the store. */
  get kept(): StoredCommittee | null {
    if (this.#adopted === null) return null
    const { facts, committee } = this.#adopted
    return {
      checkpoint: this.#checkpoint,
      frame: facts.number,
      rank: facts.rank,
      identity: bytesToHex(facts.identity),
      root: bytesToHex(facts.proverTreeCommitment),
      members: engineCommittee(committee).members,
    }
  }

  /**
   * Goes on from what was stored, which is trusted like the anchors it came from: not when these are others, or start above it. Rejects with
   * `CryptoError` when its keys are none.
   */
  async resume(stored: StoredCommittee): Promise<void> {
    if (stored.checkpoint !== this.#checkpoint || stored.frame < BigInt(this.#anchors.checkpoint.number)) return
    const members = await Promise.all(
      stored.members.map(async ({ publicKey, weight }) => {
        const key = hexToBytes(publicKey)
        return { address: await this.#host.crypto.hashBytes(key), publicKey: key, weight: BigInt(weight) }
      }),
    )
    members.sort((a, b) => (bytesToHex(a.address) < bytesToHex(b.address) ? -1 : 1))
    const committee = { members, totalWeight: members.reduce((sum, { weight }) => sum + weight, 0n) }
    const facts: TrustedFacts = {
      number: stored.frame,
      rank: stored.rank,
      identity: hexToBytes(stored.identity),
      proverTreeCommitment: hexToBytes(stored.root),
    }
    await this.#adopt(RegistryFollower.resume(this.#host, facts, committee, this.#start), new AbortController().signal)
  }

  /**
   * Comes to that header; null: to the checkpoint. Resolves with why it did not. What was adopted on the way is in use then too. Rejects with
   * `CryptoError` or the reason of the signal.
   */
  async follow(header: GivenHeader | null, signal: AbortSignal): Promise<FollowFailure | null> {
    const follower = this.#follower
    try {
      if (follower === null) await this.#adopt(await this.#begin(signal), signal)
      else if (header !== null)
        await follower.advanceTo(header, { signal }).finally(() => this.#adopt(follower, signal))
      return null
    } catch (error) {
      signal.throwIfAborted()
      // what no engine takes as a committee
      const unusable = error instanceof CryptoError && (error.code === 'arguments' || error.code === 'decode')
      if (unusable) return { verdict: 'open', reason: `the registry names no usable committee: ${error.message}` }
      if (!(error instanceof FollowError)) throw error
      const { lie, code, message: reason } = error
      return { verdict: lie ? 'lie' : code === 'quorum' ? 'quorum' : 'open', reason }
    }
  }

  /** With the committee of that registry. Rejects with `CryptoError`, `arguments` for one that is not kept. */
  verify(header: Uint8Array, root: string, signal: AbortSignal): Promise<CertificateVerdict> {
    const committee = this.#open.get(root)
    if (committee === undefined) throw new CryptoError('arguments', 'the committee of that registry is not open')
    return this.#host.crypto.verifyCertificate(header, committee, this.#rules, { signal })
  }

  async close(): Promise<void> {
    for (const [root, handle] of [...this.#open]) {
      this.#open.delete(root)
      await this.#host.crypto.closeCommittee(handle)
    }
  }

  /** With the root where it is given: the identity of a genesis is the same on every network of a kind. */
  get #checkpoint(): string {
    const { number, identity, registryRoot = '' } = this.#anchors.checkpoint
    return `${number} ${identity} ${registryRoot}`
  }

  get #start() {
    return { rules: this.#rules, limits: KEEPER_LIMITS }
  }

  async #begin(signal: AbortSignal): Promise<RegistryFollower> {
    const { number, identity, rank, registryRoot } = this.#anchors.checkpoint
    const named = { number: BigInt(number), rank: BigInt(rank), identity: hexToBytes(identity) }
    const root = registryRoot === undefined ? await this.#rootOfCheckpoint(signal) : hexToBytes(registryRoot)
    const facts = { ...named, proverTreeCommitment: root }
    return await RegistryFollower.startAt(this.#host, facts, this.#start, { signal })
  }

  /** Root in the header of the checkpoint. Its identity binds its output, and only the time proof binds the root to that. */
  async #rootOfCheckpoint(signal: AbortSignal): Promise<Uint8Array> {
    const { crypto, clock } = this.#host
    const { number, identity } = this.#anchors.checkpoint
    const told: string[] = []
    let rootless = false
    for (const peer of new FollowBudget(KEEPER_LIMITS, clock).sources(this.#host.peers(), signal)) {
      try {
        const [bytes] = await peer.headers(BigInt(number), 1, signal)
        if (bytes === undefined) throw new PeerError('notFound', 'it does not hold it')
        const facts = await crypto.inspectHeader(bytes, { signal })
        const same = facts.number === BigInt(number) && bytesToHex(facts.identity) === identity
        if (!same) throw new PeerError('protocol', `it sent frame ${facts.number} with another identity`)
        const proof = await crypto.verifyTimeProof(bytes, { signal })
        if (!proof.ok) throw new PeerError('protocol', proof.reason ?? 'its time proof is wrong')
        const root = rootOf(facts)
        if (root !== null) return root
        rootless = true
      } catch (error) {
        signal.throwIfAborted()
        const ofPeer = error instanceof PeerError || (error instanceof CryptoError && error.code === 'decode')
        if (!ofPeer) throw error
        told.push(`${peer.address}: ${error.message}`)
      }
    }
    if (rootless) throw new FollowError('noRoot', NO_ROOT)
    throw new FollowError('notFound', `no connected node sent its header: ${told.join('; ') || 'no node is connected'}`)
  }

  async #adopt(follower: RegistryFollower, signal: AbortSignal): Promise<void> {
    const point = follower.point
    const { committee, facts } = point
    const root = bytesToHex(facts.proverTreeCommitment)
    const { crypto } = this.#host
    const handle = this.#open.get(root) ?? (await crypto.openCommittee(engineCommittee(committee), { signal }))
    this.#follower = follower
    this.#adopted = point
    this.#open.delete(root)
    this.#open.set(root, handle)
    for (const [oldest, unused] of this.#open) {
      if (this.#open.size <= COMMITTEES_KEPT) break
      this.#open.delete(oldest)
      await crypto.closeCommittee(unused)
    }
  }
}
