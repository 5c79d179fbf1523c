/** Makes one certified frame of a local network, in the order of spec 11 section 7. */
import type { CommitteeHandle, Crypto, HeaderFacts, HeaderFields } from '@petal/core/platform/crypto.ts'
import type { EngineRules } from '@petal/core/platform/engine.ts'
import { NodeError } from '../errors.ts'
import type { Member } from './committee.ts'
import type { StateRoots } from './ledger.ts'
import { LOCAL } from './local-profile.ts'

export interface MadeFrame {
  /** Protobuf bytes. */
  readonly header: Uint8Array
  readonly facts: HeaderFacts
  /** Committee indices that voted. */
  readonly signers: readonly number[]
  readonly solveMillis: number
}

/** What the members of this program have voted, on disk: no member ever signs two votes of one rank (spec 30). */
export interface VoteBook {
  /** Highest rank voted in; null before the first vote. Rejects with `NodeError` `rollback` when this program may not vote. */
  highest(): Promise<bigint | null>
  /** Resolves when a vote of this rank is on disk: only then it is signed. Rejects with `NodeError` `rollback` for a rank that is not above all. */
  record(rank: bigint): Promise<void>
}

const GLOBAL_DOMAIN = new TextEncoder().encode('global')

export class FrameMaker {
  readonly #crypto: Crypto
  readonly #members: readonly Member[]
  readonly #committee: CommitteeHandle
  readonly #rules: EngineRules
  readonly #votes: VoteBook

  constructor(
    crypto: Crypto,
    members: readonly Member[],
    committee: CommitteeHandle,
    rules: EngineRules,
    votes: VoteBook,
  ) {
    this.#crypto = crypto
    this.#members = members
    this.#committee = committee
    this.#rules = rules
    this.#votes = votes
  }

  /** Solves, votes, certifies and verifies the child of `parent`. Throws `NodeError` `produce`, `rollback`, `CryptoError`. */
  async make(
    parent: HeaderFacts,
    roots: StateRoots,
    timestamp: bigint,
    difficulty: number,
    signal: AbortSignal,
  ): Promise<MadeFrame> {
    const number = parent.number + 1n
    // One leader after the other, no timeouts. A rank that was voted in and whose frame was lost before it left is passed over.
    const voted = await this.#votes.highest()
    const rank = (voted === null || voted < parent.rank ? parent.rank : voted) + 1n
    const draft: HeaderFields = {
      number,
      rank,
      timestamp,
      difficulty,
      output: new Uint8Array(LOCAL.outputBytes),
      parentSelector: parent.identity,
      ...roots,
      requestsRoot: new Uint8Array(LOCAL.requestsRootBytes),
      prover: this.#leader(number).address,
      signature: null,
    }
    const { challenge } = await this.#crypto.inspectHeader(await this.#crypto.buildHeader(draft), { signal })
    const start = performance.now()
    const output = await this.#crypto.solveVdf(challenge, difficulty, { signal })
    const solveMillis = performance.now() - start
    const proved: HeaderFields = { ...draft, output }
    const { identity } = await this.#crypto.inspectHeader(await this.#crypto.buildHeader(proved), { signal })
    const signers = voters(number, this.#members.length)
    await this.#votes.record(rank)
    const signature = await this.#certify(identity, rank, signers, signal)
    const header = await this.#crypto.buildHeader({ ...proved, signature }, { signal })
    await this.#verify(header, number, signal)
    return { header, facts: await this.#crypto.inspectHeader(header, { signal }), signers, solveMillis }
  }

  #leader(number: bigint): Member {
    return this.#member(Number(number % BigInt(this.#members.length)))
  }

  #member(index: number): Member {
    const member = this.#members[index]
    if (member === undefined) throw new RangeError(`no member ${index}`)
    return member
  }

  /** Votes over identity and rank, their sum, and who gave them (spec 11 section 4.3). */
  async #certify(
    identity: Uint8Array,
    rank: bigint,
    signers: readonly number[],
    signal: AbortSignal,
  ): Promise<NonNullable<HeaderFields['signature']>> {
    const message = voteMessage(identity, rank)
    const members = signers.map((index) => this.#member(index))
    const votes = await Promise.all(
      members.map(({ secretKey }) => this.#crypto.sign(secretKey, message, GLOBAL_DOMAIN, { signal })),
    )
    return {
      signature: await this.#crypto.aggregateSignatures(votes, { signal }),
      publicKey: await this.#crypto.aggregateKeys(
        members.map(({ publicKey }) => publicKey),
        { signal },
      ),
      bitmask: bitmask(signers, this.#members.length),
    }
  }

  /** A frame leaves this program only when this program's own verifier accepts it. */
  async #verify(header: Uint8Array, number: bigint, signal: AbortSignal): Promise<void> {
    const verdict = await this.#crypto.verifyCertificate(header, this.#committee, this.#rules, { signal })
    const timeProof = await this.#crypto.verifyTimeProof(header, { signal })
    const failed = [...verdict.checks, timeProof].filter(({ ok }) => !ok)
    if (verdict.valid && failed.length === 0) return
    const reasons = failed.map(({ name, reason }) => `${name}: ${reason ?? 'refused'}`).join('; ')
    throw new NodeError('produce', `frame ${number} made here does not verify: ${reasons}`)
  }
}

/** `identity || I8(rank)`: what a vote signs. */
export function voteMessage(identity: Uint8Array, rank: bigint): Uint8Array {
  const message = new Uint8Array(identity.length + 8)
  message.set(identity)
  new DataView(message.buffer).setBigUint64(identity.length, rank)
  return message
}

/** Who votes for a frame: all in every fifth, else all but one, a different one each time and never the leader. */
export function voters(number: bigint, members: number): readonly number[] {
  const all = Array.from({ length: members }, (_, index) => index)
  if (number % 5n === 0n) return all
  const leader = Number(number % BigInt(members))
  const absent = (leader + 1 + Number((number / BigInt(members)) % BigInt(members - 1))) % members
  return all.filter((index) => index !== absent)
}

/** Bit `i mod 8` of byte `i / 8` for each signer (spec 11 section 4.3). */
export function bitmask(signers: readonly number[], members: number): Uint8Array {
  const mask = new Uint8Array(Math.ceil(members / 8))
  for (const index of signers) mask[index >> 3] = (mask[index >> 3] ?? 0) | (1 << (index & 7))
  return mask
}
