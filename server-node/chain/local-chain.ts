/** The chain of a local network that is made here: its ledger below what is served of it. */
import type { StateExample } from '@petal/core/light/anchors.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { NodeError } from '../errors.ts'
import { committeeOf } from './committee.ts'
import { type Genesis, inspectStored, rulesOf } from './genesis.ts'
import type { Ledger, StateRoots } from './ledger.ts'
import { LOCAL } from './local-profile.ts'
import { checkpointFor, checkpointOf, ServedChain } from './served-chain.ts'
import type { StateAnswers } from './source.ts'

export interface LocalChainOptions {
  readonly ledger: Ledger
  readonly genesis: Genesis
  /** Answers questions about the state that the ledger keeps. */
  readonly values?: StateAnswers
  readonly examples?: readonly StateExample[]
  readonly crypto: Crypto
  readonly frameIntervalMillis: number
  readonly alertKey?: string | undefined
  readonly now?: () => number
}

export class LocalChain extends ServedChain {
  readonly #ledger: Ledger

  private constructor(options: LocalChainOptions, checkpoint: HeaderFacts, head: HeaderFacts, headBytes: Uint8Array) {
    super({
      network: LOCAL.network,
      profile: LOCAL.profile,
      oldest: LOCAL.genesisNumber,
      frameIntervalMillis: options.frameIntervalMillis,
      committee: committeeOf(options.genesis.publicKeys),
      rules: rulesOf(options.genesis),
      alertKey: options.alertKey,
      values: options.values,
      examples: options.examples,
      checkpoint: checkpointOf(checkpoint),
      head,
      headBytes,
      now: options.now,
    })
    this.#ledger = options.ledger
  }

  /** Reads the ledger, writes frame 0 into a new one. Throws `NodeError` `corrupt`. The ledger belongs to the chain from then on. */
  static async open(options: LocalChainOptions): Promise<LocalChain> {
    const { genesis, ledger, crypto } = options
    const stored = await ledger.head()
    if (stored === null) {
      await expectSameState(await ledger.commitGenesis(genesis.publicKeys), genesis.facts)
      await ledger.persist(LOCAL.genesisNumber, genesis.header)
    }
    const first = await ledger.frame(LOCAL.genesisNumber)
    if (first === undefined || !Buffer.from(first).equals(genesis.header)) {
      throw new NodeError('corrupt', 'the stored frames belong to another genesis: choose another --data-dir')
    }
    const head = await readFrame(ledger, stored ?? LOCAL.genesisNumber, crypto)
    const checkpoint = await readFrame(ledger, checkpointFor(head.facts.number), crypto)
    return new LocalChain(options, checkpoint.facts, head.facts, head.bytes)
  }

  nextRoots(): Promise<StateRoots> {
    return this.#ledger.commitFrame(this.headFacts.number + 1n)
  }

  /** On disk first, then announced: no frame that anyone heard of is lost by kill -9. */
  async append(header: Uint8Array, facts: HeaderFacts): Promise<void> {
    await this.#ledger.persist(facts.number, header)
    const parent = this.headFacts
    this.announce(header, facts, checkpointFor(facts.number) === parent.number ? parent : undefined)
  }

  close(): Promise<void> {
    return this.#ledger.close()
  }

  protected stored(number: bigint): Promise<Uint8Array | undefined> {
    return this.#ledger.frame(number)
  }
}

async function readFrame(ledger: Ledger, number: bigint, crypto: Crypto) {
  const bytes = await ledger.frame(number)
  const facts = bytes && (await inspectStored(crypto, bytes, 'the store of frames'))
  if (bytes === undefined || facts?.number !== number) {
    throw new NodeError('corrupt', `the store holds something else where frame ${number} belongs`)
  }
  return { bytes, facts }
}

/** State made of the keys in `genesis.json` must be the one that its header commits to. */
async function expectSameState(roots: StateRoots, facts: HeaderFacts): Promise<void> {
  const same =
    sameBytes(roots.proverTreeCommitment, facts.proverTreeCommitment) &&
    roots.globalCommitments.every((root, index) => sameBytes(root, facts.globalCommitments[index] ?? EMPTY))
  if (same) return
  const what = 'genesis.json commits to another state than its keys make (written by an earlier version?)'
  throw new NodeError('corrupt', `${what}: choose another --data-dir`)
}

const EMPTY = new Uint8Array(0)
