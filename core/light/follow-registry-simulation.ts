/**
 * A chain whose committee changes, for tests: real keys, certificates, registry trees and header bytes on a real engine. Only the time proof
 * is made up (a function of the challenge), because a real one costs seconds per frame; it binds the header all the same.
 */
import { shake256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto, HeaderFields } from '../platform/crypto.ts'
import type { EngineKeyPair, EngineRules } from '../platform/engine.ts'
import { PeerError } from '../platform/network.ts'
import type { Generation, ServedLeaf, Trees } from '../platform/state.ts'
import { StateError } from '../platform/state.ts'
import { buildRecord, type RegistryRecord, record, STATUS, u64Bytes } from '../registry/index.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import { atomId, GLOBAL_DOMAIN } from '../state/location.ts'
import { SyncServer } from '../sync/index.ts'
import type { DriverClock } from './driver.ts'
import { RegistryFollower } from './follow-registry.ts'
import { FollowError, type FollowHost, type FollowLimits, type FollowSource } from './follow-registry-types.ts'
import { check } from './made-up.ts'

const NOTHING = new Uint8Array(0)
const GLOBAL_FILTER = NOTHING
const DIFFICULTY = 50
const VOTE_DOMAIN = utf8ToBytes('global')

/** Weight by number of the key. */
export type Weights = Readonly<Record<number, bigint>>

export interface FramePlan {
  readonly members: Weights
  /** Numbers of the keys that sign; default all members. */
  readonly signers?: readonly number[]
  /** Changes of the registry beside the committee. */
  readonly extra?: readonly ServedLeaf[]
  /** Instead of the root of the registry. */
  readonly root?: Uint8Array
}

export interface MadeKey extends EngineKeyPair {
  readonly key: Uint8Array
  readonly at: Uint8Array
}

export interface MadeFrame {
  readonly number: bigint
  readonly plan: FramePlan
  readonly fields: HeaderFields
  readonly identity: Uint8Array
  /** Root of the registry. */
  readonly root: Uint8Array
}

export const RULES: EngineRules = {
  genesisNumber: '0',
  genesisIdentity: '00'.repeat(32),
  proverInCommittee: true,
  difficultyFloor: 0,
}

/** Output of a made-up time proof. */
export const madeUpOutput = (challenge: Uint8Array): Uint8Array => shake256(challenge, { dkLen: 516 })

/** The engine with made-up time proofs. Counts them. */
function withMadeUpTime(crypto: Crypto, counted: { timeProofs: number }): Crypto {
  const verifyTimeProof: Crypto['verifyTimeProof'] = async (header, options) => {
    counted.timeProofs += 1
    const { challenge, output } = await crypto.inspectHeader(header, options)
    return check('vdf', sameBytes(output, madeUpOutput(challenge)))
  }
  return new Proxy(crypto, {
    get: (target, name) => {
      if (name === 'verifyTimeProof') return verifyTimeProof
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Keys by number, and leaves by their content. */
export interface MadeOnce {
  readonly keys: Map<number, MadeKey>
  readonly records: Map<string, ServedLeaf>
}

/** Who solves time proofs. */
export type Solve = (challenge: Uint8Array) => Promise<Uint8Array>

export class FollowChain {
  readonly crypto: Crypto
  readonly trees: Trees
  readonly frames: MadeFrame[] = []
  readonly #solve: Solve
  readonly #signed = new Map<MadeFrame, Uint8Array>()
  readonly #registries = new Map<string, LeafGeneration>()
  readonly #made: MadeOnce

  constructor(crypto: Crypto, trees: Trees, solve: Solve, made: MadeOnce) {
    this.crypto = crypto
    this.trees = trees
    this.#solve = solve
    this.#made = made
  }

  async key(number: number): Promise<MadeKey> {
    const known = this.#made.keys.get(number)
    if (known) return known
    const made = await this.crypto.generateKey(shake256(Uint8Array.of(number), { dkLen: 64 }))
    const key = { ...made, key: hexToBytes(made.publicKey), at: hexToBytes(made.address) }
    this.#made.keys.set(number, key)
    return key
  }

  /** Leaves of a registry with these active members. */
  async registry({ members, extra = [] }: Pick<FramePlan, 'members' | 'extra'>): Promise<ServedLeaf[]> {
    const leaves: ServedLeaf[] = []
    for (const [number, weight] of Object.entries(members))
      leaves.push(...(await this.memberLeaves(Number(number), weight)))
    return [...leaves, ...extra].sort((a, b) => (bytesToHex(a.key) < bytesToHex(b.key) ? -1 : 1))
  }

  /** Record of a prover, and of its global allocation. */
  async memberLeaves(number: number, weight: bigint, status: number = STATUS.active): Promise<ServedLeaf[]> {
    const { key, at } = await this.key(number)
    const tag = concatBytes(utf8ToBytes('PROVER_ALLOCATION'), key, GLOBAL_FILTER)
    const allocationAt = await this.crypto.hashBytes(tag)
    const active = Uint8Array.of(STATUS.active)
    const prover = record('prover', { PublicKey: key, Status: Uint8Array.of(status), Seniority: u64Bytes(weight) })
    const allocation = record('allocation', { Prover: at, Status: active, ConfirmationFilter: GLOBAL_FILTER })
    return [this.leaf(at, prover), this.leaf(allocationAt, allocation)]
  }

  leaf(address: Uint8Array, from: RegistryRecord): ServedLeaf {
    const name = [
      bytesToHex(address),
      ...[...from.fields].map(([field, value]) => `${field}=${bytesToHex(value)}`),
    ].join()
    const known = this.#made.records.get(name)
    if (known) return known
    const value = buildRecord(from, this.trees).blob
    const key = atomId(GLOBAL_DOMAIN, address)
    const made = { key, value, hashTarget: NOTHING, size: BigInt(value.length), underlyingData: NOTHING }
    this.#made.records.set(name, made)
    return made
  }

  async rootOf(leaves: readonly ServedLeaf[]): Promise<Uint8Array> {
    const root = await this.crypto.rebuildRoot(leaves)
    const name = bytesToHex(root)
    if (!this.#registries.has(name)) this.#registries.set(name, new LeafGeneration(leaves, this.trees))
    return root
  }

  get tip(): MadeFrame {
    const frame = this.frames.at(-1)
    if (frame === undefined) throw new Error('no frame yet')
    return frame
  }

  at(number: number): MadeFrame {
    const frame = this.frames.find((made) => made.number === BigInt(number))
    if (frame === undefined) throw new Error(`no frame ${number}`)
    return frame
  }

  /** Adds frames that follow the newest. */
  async grow(...plans: readonly FramePlan[]): Promise<this> {
    for (const plan of plans) this.frames.push(await this.make(plan, this.frames.at(-1) ?? null))
    return this
  }

  /** A frame that follows `parent`, with a time proof and not yet signed. */
  async make(plan: FramePlan, parent: MadeFrame | null, changes: Partial<HeaderFields> = {}): Promise<MadeFrame> {
    const root = await this.rootOf(await this.registry(plan))
    const first = Object.keys(plan.members)[0]
    const number = parent === null ? 1n : parent.number + 1n
    const unsolved: HeaderFields = {
      number,
      rank: 2n * number,
      timestamp: 1_700_000_000_000n + 10_000n * number,
      difficulty: DIFFICULTY,
      parentSelector: parent?.identity ?? new Uint8Array(32),
      output: new Uint8Array(516),
      prover: first === undefined ? new Uint8Array(32) : (await this.key(Number(first))).at,
      globalCommitments: Array.from({ length: 256 }, () => new Uint8Array(64)),
      proverTreeCommitment: plan.root ?? root,
      requestsRoot: new Uint8Array(64),
      signature: null,
      ...changes,
    }
    const { challenge } = await this.crypto.inspectHeader(await this.crypto.buildHeader(unsolved))
    const fields = { ...unsolved, output: await this.#solve(challenge) }
    const identity = await this.crypto.hashBytes(fields.output)
    return { number, plan, fields, identity, root }
  }

  /** Bytes of a frame with its certificate. `order`: of the members in the bitmask, default ascending by address. */
  async header(frame: MadeFrame): Promise<Uint8Array> {
    const known = this.#signed.get(frame)
    if (known) return known
    const bytes = await this.sign(frame, frame.plan)
    this.#signed.set(frame, bytes)
    return bytes
  }

  async sign(frame: Pick<MadeFrame, 'fields' | 'identity'>, plan: FramePlan, descending = false): Promise<Uint8Array> {
    const members = await Promise.all(Object.keys(plan.members).map((number) => this.key(Number(number))))
    members.sort((a, b) => (a.address < b.address ? -1 : 1))
    const wanted = plan.signers ?? Object.keys(plan.members).map(Number)
    const signers = await Promise.all(wanted.map((number) => this.key(number)))
    const message = concatBytes(frame.identity, u64Bytes(frame.fields.rank))
    const signatures: Uint8Array[] = []
    for (const { secretKey } of signers)
      signatures.push(await this.crypto.sign(hexToBytes(secretKey), message, VOTE_DOMAIN))
    const bitmask = new Uint8Array(Math.ceil(members.length / 8))
    for (const { address } of signers) {
      const index = members.findIndex((member) => member.address === address)
      const bit = descending ? members.length - 1 - index : index
      if (index >= 0) bitmask[bit >> 3] = (bitmask[bit >> 3] ?? 0) | (1 << (bit & 7))
    }
    const signature = await this.crypto.aggregateSignatures(signatures)
    const publicKey = await this.crypto.aggregateKeys(signers.map(({ key }) => key))
    return this.crypto.buildHeader({ ...frame.fields, signature: { signature, publicKey, bitmask } })
  }

  /** A peer that serves this chain and its registries. `changes` make it another one. */
  peer(id: string, changes: PeerChanges = {}): FollowSource & { readonly asked: { headers: number; sync: number } } {
    const asked = { headers: 0, sync: 0 }
    const streams = new SyncServer({ generation: async (wanted) => this.#generation(wanted?.root, changes) }).open()
    return {
      id,
      address: id,
      asked,
      headers: async (from, _count, signal) => {
        asked.headers += 1
        const frame = this.frames.find(({ number }) => number === from)
        const made = await changes.header?.(from, signal)
        if (made !== undefined) return [made]
        if (frame === undefined) throw new PeerError('notFound', 'not held')
        return [await this.header(frame)]
      },
      values: {
        state: () => Promise.reject(new PeerError('notFound', 'not served')),
        shard: () => Promise.reject(new PeerError('notFound', 'not served')),
        sync: async (query, signal) => {
          asked.sync += 1
          return (await changes.sync?.(query, signal)) ?? (await streams.answer(query))
        },
      },
    }
  }

  #generation(root: Uint8Array | undefined, changes: PeerChanges): Generation {
    const name = bytesToHex(root ?? NOTHING)
    const held = this.#registries.get(name)
    if (held === undefined) throw new StateError('unavailable', 'not held')
    const served = changes.registry?.(name, held) ?? held
    const unused = () => Promise.reject(new Error('not asked for'))
    return {
      frame: 0n,
      branch: served.branch.bind(served),
      leaves: served.leaves.bind(served),
      release: () => {},
      roots: unused,
      get: unused,
      prove: unused,
    }
  }
}

export interface PeerChanges {
  /** Header bytes instead of those of the chain. */
  header?(number: bigint, signal: AbortSignal): Promise<Uint8Array | undefined>
  sync?(query: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** What is served for a root. */
  registry?(root: string, honest: LeafGeneration): Pick<Generation, 'branch' | 'leaves'> | undefined
}

export interface SimulationParts {
  readonly crypto: Crypto
  readonly trees: Trees
  readonly clock: DriverClock
  /** Solved and verified as on a network, which takes long; else made up. */
  readonly realTimeProofs?: boolean
}

/** One engine for many chains: keys and records are made once. */
export class SimulatedNetwork {
  readonly crypto: Crypto
  readonly clock: DriverClock
  /** Made-up time proofs that were checked. */
  timeProofs = 0
  readonly #trees: Trees
  readonly #solve: Solve
  readonly #made: MadeOnce = { keys: new Map(), records: new Map() }

  constructor({ crypto, trees, clock, realTimeProofs = false }: SimulationParts) {
    this.crypto = realTimeProofs ? crypto : withMadeUpTime(crypto, this)
    this.clock = clock
    this.#trees = trees
    this.#solve = realTimeProofs
      ? (challenge) => crypto.solveVdf(challenge, DIFFICULTY)
      : async (challenge) => madeUpOutput(challenge)
  }

  empty(): FollowChain {
    return new FollowChain(this.crypto, this.#trees, this.#solve, this.#made)
  }

  /** Frames from number 1. */
  chain(...plans: readonly FramePlan[]): Promise<FollowChain> {
    return this.empty().grow(...plans)
  }
}

export interface StartParts {
  readonly limits?: Partial<FollowLimits>
  readonly signal?: AbortSignal
  /** Instead of frame 1. */
  readonly header?: Uint8Array
}

/** A follower that trusts frame 1 of the chain. */
export async function startFollower(
  { crypto, clock }: SimulatedNetwork,
  chain: FollowChain,
  peers: readonly FollowSource[],
  { limits = {}, signal = new AbortController().signal, header }: StartParts = {},
): Promise<RegistryFollower> {
  const host: FollowHost = { crypto, clock, peers: () => peers }
  const start = { header: header ?? (await chain.header(chain.at(1))), wholeHeader: false, rules: RULES, limits }
  return RegistryFollower.start(host, start, { signal })
}

/** The error of the follower that something ends with. */
export async function refusal(work: Promise<unknown>): Promise<FollowError> {
  try {
    await work
  } catch (error) {
    if (error instanceof FollowError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Keys of the same weight. */
export const weights = (weight: bigint, ...keys: readonly number[]): Weights =>
  Object.fromEntries(keys.map((key) => [key, weight]))
