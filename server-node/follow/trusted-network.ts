/**
 * What a joined node trusts of its network: the description of the first node that it met, kept in `network.json` of its data directory.
 * Later descriptions must name the same committee and rules (`genesis-digest.ts`).
 */
import { join } from 'node:path'
import { bytesToHex } from '@noble/hashes/utils.js'
import { DEFAULT_ALERT_KEY } from '@petal/core/identity/index.ts'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { DescriptionError, parseNetworkDescription } from '@petal/core/light/network-description.ts'
import { LOCAL } from '../chain/local-profile.ts'
import { PUBLIC_MODE, readFileIfPresent, writeFileDurable } from '../data/files.ts'
import { messageOf, NodeError } from '../errors.ts'
import { genesisDigest } from './genesis-digest.ts'
import { fetchDescription, type JoinTarget } from './join-target.ts'
import type { PeerPool } from './peer-pool.ts'
import { pauseUnless } from './peer-pool.ts'

export const NETWORK_FILE = 'network.json'

/** Rounds of asking all named nodes on the first start, and the pause between two. */
const ROUNDS = 4
const PAUSE_MILLIS = 2_000
/** A named peer is connected and answers within this time, or the round goes on without it. */
const ANSWER_MILLIS = 8_000

export interface TrustedNetwork {
  readonly description: NetworkDescription
  readonly genesis: string
  /** It was trusted now, for the first time. */
  readonly first: boolean
  /** Who or what the description is of. */
  readonly from: string
  /** Addresses of nodes that are known from descriptions, the latest first. */
  readonly addresses: readonly string[]
}

export interface TrustOptions {
  readonly directory: string
  readonly targets: readonly JoinTarget[]
  /** Digest that the network must have. */
  readonly genesis: string | undefined
  /** Key of the operators' alerts that is used instead of the one that descriptions name. */
  readonly alertKey: string | undefined
  readonly pool: Pick<PeerPool, 'get' | 'onChange'>
  readonly signal: AbortSignal
}

/** Rejects with `NodeError`: `join` when nobody answers, `genesis` for another network than the trusted one. */
export async function openTrustedNetwork(options: TrustOptions): Promise<TrustedNetwork> {
  const path = join(options.directory, NETWORK_FILE)
  const stored = await readStored(path)
  if (stored !== undefined) {
    const genesis = genesisDigest(stored)
    expectGenesis(genesis, options.genesis, path)
    const { met } = await askAll(options)
    for (const { from, description } of met) expectSame(from, genesisDigest(description), genesis, options.directory)
    const addresses = addressesOf([...met, { description: stored }])
    return { description: stored, genesis, first: false, from: path, addresses }
  }
  const { met, silent } = await meet(options)
  const [first] = met
  if (first === undefined) throw new NodeError('join', `nobody answers: ${silent.join('; ')}`)
  const genesis = genesisDigest(first.description)
  expectGenesis(genesis, options.genesis, first.from)
  for (const { from, description } of met) {
    const other = genesisDigest(description)
    if (other !== genesis) {
      throw new NodeError(
        'genesis',
        `${from} is of network ${other}, ${first.from} of network ${genesis}: join one of them`,
      )
    }
  }
  if (options.alertKey === undefined) expectOneAlertKey(first, met)
  await writeFileDurable(path, `${JSON.stringify(first.description, null, 1)}\n`, PUBLIC_MODE)
  return { description: first.description, genesis, first: true, from: first.from, addresses: addressesOf(met) }
}

const addressesOf = (met: readonly Pick<Met, 'description'>[]): string[] =>
  met.flatMap(({ description }) => description.addresses)

interface Met {
  readonly from: string
  readonly description: NetworkDescription
}

interface Asked {
  readonly met: readonly Met[]
  /** Why each of the others gave no description. */
  readonly silent: readonly string[]
}

async function meet(options: TrustOptions): Promise<Asked> {
  for (let round = 1; ; round++) {
    const asked = await askAll(options)
    if (asked.met.length > 0 || round === ROUNDS) return asked
    await pauseUnless(options.signal, PAUSE_MILLIS)
    options.signal.throwIfAborted()
  }
}

/** Descriptions of those that answer. Rejects with `NodeError` `join` for one that this program cannot use. */
async function askAll(options: TrustOptions): Promise<Asked> {
  const { targets, signal } = options
  const met: Met[] = []
  const silent: string[] = []
  const answers = await Promise.allSettled(targets.map((target) => ask(target, options)))
  signal.throwIfAborted()
  for (const [index, target] of targets.entries()) {
    const answer = answers[index]
    const from = nameOf(target)
    if (answer?.status === 'fulfilled') met.push({ from, description: usable(from, answer.value) })
    else silent.push(`${from} ${messageOf(answer?.reason)}`)
  }
  return { met, silent }
}

async function ask(target: JoinTarget, { pool, signal }: TrustOptions): Promise<string> {
  if (target.kind === 'page') return fetchDescription(target.url, signal)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLIS)])
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = () => {
    if (pool.get(target.peer) !== undefined) resolve()
  }
  const late = () => reject(new NodeError('join', 'does not answer'))
  limit.addEventListener('abort', late, { once: true })
  const stop = pool.onChange(look)
  try {
    look()
    if (limit.aborted) late()
    await promise
  } finally {
    stop()
    limit.removeEventListener('abort', late)
  }
  const peer = pool.get(target.peer)
  if (peer === undefined) throw new NodeError('join', 'is gone')
  return peer.ask((node, answer) => node.describe(answer), limit, ANSWER_MILLIS)
}

function usable(from: string, text: string): NetworkDescription {
  const description = parsed(from, text)
  const { network, profile, anchors } = description
  if (network !== LOCAL.network || profile !== LOCAL.profile) {
    const ours = `${LOCAL.network}, profile ${LOCAL.profile}`
    throw new NodeError('join', `${from} serves network ${network}, profile ${profile}: this version joins ${ours}`)
  }
  if (anchors.committee === undefined) {
    throw new NodeError('join', `${from} names no committee: this version joins networks with a pinned committee only`)
  }
  return description
}

function parsed(from: string, text: string): NetworkDescription {
  try {
    return parseNetworkDescription(text)
  } catch (error) {
    if (!(error instanceof DescriptionError)) throw error
    throw new NodeError('join', `the description of ${from} cannot be used: ${error.message}`, { cause: error })
  }
}

async function readStored(path: string): Promise<NetworkDescription | undefined> {
  const content = await readFileIfPresent(path)
  if (content === undefined) return undefined
  try {
    return usable(path, content.toString('utf8'))
  } catch (error) {
    throw new NodeError('corrupt', `${path} cannot be used (${messageOf(error)}): choose another --data-dir`, {
      cause: error,
    })
  }
}

function expectGenesis(found: string, wanted: string | undefined, where: string): void {
  if (wanted === undefined || wanted === found) return
  throw new NodeError('genesis', `${where} is of network ${found}, --genesis says ${wanted}`)
}

function expectSame(from: string, found: string, trusted: string, directory: string): void {
  if (found === trusted) return
  const what = `${from} is of network ${found} now, ${directory} holds network ${trusted}`
  throw new NodeError('genesis', `${what}: join a node of that network, or choose another --data-dir`)
}

/** The genesis digest says nothing of this key: it may change while the network stays the same. */
function expectOneAlertKey(first: Met, met: readonly Met[]): void {
  const other = met.find((one) => alertKeyOf(one) !== alertKeyOf(first))
  if (other === undefined) return
  const what = `${first.from} says that alerts are those of key ${alertKeyOf(first)}, ${other.from} of key ${alertKeyOf(other)}`
  throw new NodeError('genesis', `${what}: name the right one with --alert-key`)
}

const alertKeyOf = ({ description }: Met): string => description.anchors.alertKey ?? bytesToHex(DEFAULT_ALERT_KEY)

const nameOf = (target: JoinTarget): string => (target.kind === 'page' ? target.url : target.address)
