/**
 * The Petal node: serves frames of a local network or a recording to browsers, and the page that verifies them.
 *
 * `startNode` does all the I/O; importing this file does none.
 */
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import { relayDemonstration } from '@petal/p2p/gossip/index.ts'
import { useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import { describe } from './chain/description.ts'
import { LOCAL } from './chain/local-profile.ts'
import { Replay } from './chain/replay.ts'
import type { FrameSource } from './chain/source.ts'
import { type Addon, loadAddon } from './crypto/addon.ts'
import { NodeCrypto } from './crypto/node-crypto.ts'
import { lockDirectory } from './data/lock.ts'
import { messageOf, NodeError } from './errors.ts'
import { FrameGossip } from './follow/frame-gossip.ts'
import { genesisDigest } from './follow/genesis-digest.ts'
import { isJoined, joinNetwork } from './follow/joined.ts'
import type { PeerPool } from './follow/peer-pool.ts'
import { readAssets } from './http/assets.ts'
import { type Health, type HttpOptions, type HttpServer, startHttp } from './http/server.ts'
import { openRing, ringWithoutData } from './keys/open-ring.ts'
import { type NodeData, openLocalNetwork } from './local.ts'
import { openIdentity } from './net/identity.ts'
import { type PeerNode, startPeerNode } from './net/node.ts'
import { rememberPorts, STANDARD_PORTS, wishedPorts } from './net/ports.ts'
import { isLoopback } from './net/reachability.ts'
import { Certificates } from './net/webtransport/certificates.ts'
import { type NodeOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { NodeState } from './state/node-state.ts'
import { startWire } from './wire/index.ts'

export { NodeError, type NodeErrorCode } from './errors.ts'
export { DEFAULT_NET_LIMITS, type NetLimits } from './net/limits.ts'
export type { TransportName } from './net/transports.ts'
export { DEFAULTS, type NodeEvent, type NodeOptions } from './options.ts'

export interface RunningNode extends AsyncDisposable {
  /** Address of the page. */
  readonly url: string
  readonly source: FrameSource
  /** Whether others make its frames. */
  readonly joined: boolean
  /** Names its network (`follow/genesis-digest.ts`): what `--genesis` of a node that joins pins. */
  readonly genesis: string
  /** Multiaddrs of now. */
  addresses(): readonly string[]
  /** Port of gRPC for other nodes, and for the operator's programs. */
  readonly peerRpcPort: number
  readonly localRpcPort: number | null
  /** What `/network.json` says now. */
  network(): NetworkDescription
  health(): Health
  /** Ends everything; what was announced is on disk. Idempotent. */
  stop(): Promise<void>
}

/** A frame this late means that something is wrong. */
const STALLED_INTERVALS = 4
const STALLED_MILLIS = 10_000

/** Throws `NodeError`; whatever was started by then is stopped. */
export async function startNode(given: NodeOptions = {}): Promise<RunningNode> {
  const options = resolveOptions(given)
  const stack = new AsyncDisposableStack()
  try {
    return await start(options, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function start(options: ResolvedOptions, stack: AsyncDisposableStack): Promise<RunningNode> {
  const addon = loadAddon(options.addonPath)
  const data = await openData(options, addon, stack)
  const keys = data?.keys ?? (await ringWithoutData({ ...options, engine: addon, notice: noticeOf(options) }))
  stack.defer(() => keys.close())
  if (!isLoopback(options.host)) {
    noticeOf(options)(`listening on ${options.host}: other machines can reach this node`)
  }
  const joins = data !== undefined && followsOthers(options, data.directory)
  let parts: Serving | undefined
  const network = () => parts && describe(parts.source, parts.light.addresses())
  const health = () => healthOf(parts, joins)
  const assets = await readAssets(options.webRoot)
  const page = { host: options.host, port: options.port, assets, network, health }
  const http = await (joins && !options.portIsGiven ? onAnyPort(page) : startHttp(page))
  stack.defer(() => http.stop())

  const crypto = new NodeCrypto({ addonPath: options.addonPath })
  stack.defer(() => crypto.close())
  const certificates = await Certificates.open(addon, data?.secrets, Date.now())
  useEngineForHostKeys(addon)
  const ports = await wishedPorts(data?.directory, options.host, options.standardPorts ? STANDARD_PORTS : {})
  const peerNode = {
    networkNumber: LOCAL.networkNumber,
    identity: await openIdentity(options.identityKind, keys, data?.secrets),
    host: options.host,
    ports,
    blacklist: options.blacklist,
    bootstrap: options.join.filter((address) => address.startsWith('/')),
    onNotice: noticeOf(options),
    upnp: options.upnp,
    transports: options.transports,
    limits: options.limits,
    udp: { addon, certificates },
  }
  // Between the look and the listening somebody else may have taken a port.
  const light = await startPeerNode(peerNode).catch((error: unknown) => {
    if (!(error instanceof NodeError && error.code === 'busyPort')) throw error
    return startPeerNode({ ...peerNode, ports: {} })
  })
  const stopLight = once(() => light.stop())
  stack.defer(stopLight)
  const stopping = new AbortController()
  const halting = new AbortController()
  const open = { options, crypto, data, light, joins, stopping, halting, stack }
  const { source, state, followed, run } = await openSource(open)
  // Nobody is answered from what is being closed.
  stack.defer(stopLight)
  stack.defer(() => stopping.abort())
  relayDemonstration(light.gossip, LOCAL.networkNumber)
  await light.serve(source)
  const wire = await startWire({
    options,
    engine: addon,
    keys,
    light,
    source,
    state,
    followed,
    stopping: stopping.signal,
    produces: state !== undefined && !joins,
    wishedPort: ports['peer-rpc'],
    stack,
    halt: () => halting.abort(),
  })
  if (data !== undefined) await rememberPorts(data.directory, light.addresses(), wire.peerRpcPort)
  const ready = { source, light, since: Date.now(), halting: halting.signal }
  stack.defer(source.onHead(() => Object.assign(ready, { since: Date.now() })))
  parts = ready
  run()

  const stop = once(() => stack.disposeAsync())
  return {
    url: http.url,
    source,
    joined: joins,
    genesis: genesisDigest(describe(source, [])),
    ...wire,
    addresses: () => light.addresses(),
    network: () => describe(source, light.addresses()),
    health,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const noticeOf =
  ({ onEvent }: ResolvedOptions) =>
  (message: string): void =>
    onEvent({ event: 'notice', message })

/** Locks the data directory, if there is to be one, and opens its secrets and keys. */
async function openData(
  options: ResolvedOptions,
  engine: Addon,
  stack: AsyncDisposableStack,
): Promise<NodeData | undefined> {
  const { dataDirectory: directory, passphrase, nodeDirectory, replay } = options
  if (directory === undefined) return undefined
  const lock = await lockDirectory(directory, engine)
  stack.defer(() => lock.release())
  const notice = noticeOf(options)
  if (lock.stale) {
    notice('the last run on this data directory did not stop by itself')
  }
  const committee = replay === undefined && !followsOthers(options, directory)
  const opened = await openRing({ directory, passphrase, nodeDirectory, committee, engine, notice })
  return { directory, ...opened }
}

/** A recording is nobody's network, whatever the data directory is of. */
const followsOthers = ({ replay, join }: ResolvedOptions, directory: string): boolean =>
  replay === undefined && (join.length > 0 || isJoined(directory))

interface Opening {
  readonly options: ResolvedOptions
  readonly crypto: Crypto
  readonly data: NodeData | undefined
  readonly light: PeerNode
  readonly joins: boolean
  readonly stopping: AbortController
  /** Fires when an alert halts the node: no more frames are made. */
  readonly halting: AbortController
  readonly stack: AsyncDisposableStack
}

interface OpenSource {
  readonly source: FrameSource
  /** Absent for a recording. */
  readonly state?: NodeState
  /** Who this node follows, if anybody. */
  readonly followed?: PeerPool
  /** Starts it moving. */
  readonly run: () => void
}

/** The frames to serve. */
async function openSource(opening: Opening): Promise<OpenSource> {
  const { options, data, joins } = opening
  if (options.replay !== undefined || data === undefined) return openReplay(opening)
  return joins ? openJoined(opening, data) : openLocal(opening, data)
}

async function openReplay({ options, crypto, stack }: Opening): Promise<OpenSource> {
  const source = await Replay.open({
    file: options.replay ?? '',
    crypto,
    alertKey: options.alertKey,
    ...(options.replayIntervalMillis === undefined ? {} : { intervalMillis: options.replayIntervalMillis }),
  })
  stack.defer(() => source.close())
  const announce = ({ number, identity }: { number: bigint; identity: Uint8Array }) =>
    options.onEvent({
      event: 'frame',
      number: number.toString(),
      identity: Buffer.from(identity).toString('hex'),
      signers: null,
      solveMillis: null,
    })
  return {
    source,
    run: () => {
      source.onHead(announce)
      source.run()
    },
  }
}

async function openLocal(opening: Opening, data: NodeData): Promise<OpenSource> {
  const { options, crypto, light, stopping, halting, stack } = opening
  const { chain, state, verifier, run } = await openLocalNetwork(options, crypto, data)
  stack.defer(() => chain.close())
  const gossip = new FrameGossip({ gossip: light.gossip, verifier, source: () => chain })
  stack.defer(() => gossip.stop())
  stack.defer(chain.onHead(({ header }) => gossip.publish(header)))
  let running: Promise<void> = Promise.resolve()
  stack.defer(() => running)
  return {
    source: chain,
    state,
    run: () => {
      running = run(AbortSignal.any([stopping.signal, halting.signal]))
    },
  }
}

async function openJoined({ options, crypto, light, stopping, stack }: Opening, data: NodeData): Promise<OpenSource> {
  const signal = AbortSignal.any([stopping.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const parts = { options, crypto, directory: data.directory, net: light, signal, stack }
  const { chain, state, pool } = await joinNetwork(parts).catch((error: unknown) => {
    if (!signal.aborted) throw error
    throw new NodeError('stopped', `the node was stopped before it served a frame: ${messageOf(signal.reason)}`)
  })
  return { source: chain, state, followed: pool, run: () => undefined }
}

/** The default port, or any free one when another program has it. */
async function onAnyPort(options: HttpOptions): Promise<HttpServer> {
  try {
    return await startHttp(options)
  } catch (error) {
    if (!(error instanceof NodeError && error.code === 'busyPort')) throw error
    return startHttp({ ...options, port: 0 })
  }
}

function once(call: () => Promise<void>): () => Promise<void> {
  let called: Promise<void> | undefined
  return () => {
    called ??= call()
    return called
  }
}

interface Serving {
  readonly source: FrameSource
  readonly light: PeerNode
  /** When the newest frame came, milliseconds. */
  readonly since: number
  readonly halting: AbortSignal
}

function healthOf(serving: Serving | undefined, joins: boolean): Health {
  if (serving === undefined)
    return { status: joins ? 'syncing' : 'starting', network: null, head: null, connections: 0, reach: null }
  const { source, light, since, halting } = serving
  const late = source.grows() && Date.now() - since > STALLED_MILLIS + STALLED_INTERVALS * source.frameIntervalMillis
  const moving = late ? 'stalled' : source.syncing?.() === true ? 'syncing' : 'ok'
  const { reach, text } = light.reachability()
  return {
    status: halting.aborted ? 'halted' : moving,
    network: source.network,
    head: source.head().number.toString(),
    connections: light.connections(),
    reach: { reach, text },
  }
}
