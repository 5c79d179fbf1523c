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
import { readAssets } from './http/assets.ts'
import { type Health, startHttp } from './http/server.ts'
import { openRing, ringWithoutData } from './keys/open-ring.ts'
import { type NodeData, openLocalNetwork } from './local.ts'
import { openIdentity } from './net/identity.ts'
import { type PeerNode, startPeerNode } from './net/node.ts'
import { rememberPorts, wishedPorts } from './net/ports.ts'
import { Certificates } from './net/webtransport/certificates.ts'
import { type NodeOptions, type ResolvedOptions, resolveOptions } from './options.ts'

export { NodeError, type NodeErrorCode } from './errors.ts'
export { DEFAULT_NET_LIMITS, type NetLimits } from './net/limits.ts'
export type { TransportName } from './net/transports.ts'
export { DEFAULTS, type NodeEvent, type NodeOptions } from './options.ts'

export interface RunningNode extends AsyncDisposable {
  /** Address of the page. */
  readonly url: string
  readonly source: FrameSource
  /** Multiaddrs of now. */
  addresses(): readonly string[]
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
  let parts: { source: FrameSource; light: PeerNode; since: number } | undefined
  const network = () => parts && describe(parts.source, parts.light.addresses())
  const health = () => healthOf(parts)
  const assets = await readAssets(options.webRoot)
  const http = await startHttp({ host: options.host, port: options.port, assets, network, health })
  stack.defer(() => http.stop())

  const crypto = new NodeCrypto({ addonPath: options.addonPath })
  stack.defer(() => crypto.close())
  const { source, run } = await openSource(options, crypto, data, stack)
  const certificates = await Certificates.open(addon, data?.secrets, Date.now())
  useEngineForHostKeys(addon)
  const light = await startPeerNode({
    networkNumber: LOCAL.networkNumber,
    identity: await openIdentity(options.identityKind, keys, data?.secrets),
    host: options.host,
    ports: data === undefined ? {} : await wishedPorts(data.directory, options.host),
    transports: options.transports,
    limits: options.limits,
    webTransport: { addon, certificates },
  })
  stack.defer(() => light.stop())
  relayDemonstration(light.gossip)
  await light.serve(source)
  if (data !== undefined) await rememberPorts(data.directory, light.addresses())
  const ready = { source, light, since: Date.now() }
  stack.defer(source.onHead(() => Object.assign(ready, { since: Date.now() })))
  parts = ready
  run()

  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stack.disposeAsync()
    return stopping
  }
  return {
    url: http.url,
    source,
    addresses: () => light.addresses(),
    network: () => describe(source, light.addresses()),
    health,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
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
  const lock = await lockDirectory(directory)
  stack.defer(() => lock.release())
  const notice = noticeOf(options)
  if (lock.stale) {
    notice('the last run did not stop by itself: its lock on the data directory was taken over')
  }
  const committee = replay === undefined
  const opened = await openRing({ directory, passphrase, nodeDirectory, committee, engine, notice })
  return { directory, ...opened }
}

/** The frames to serve, and what starts them moving. */
async function openSource(
  options: ResolvedOptions,
  crypto: Crypto,
  data: NodeData | undefined,
  stack: AsyncDisposableStack,
): Promise<{ source: FrameSource; run: () => void }> {
  if (options.replay !== undefined || data === undefined) {
    const source = await Replay.open({
      file: options.replay ?? '',
      crypto,
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
  const local = await openLocalNetwork(options, crypto, data)
  stack.defer(() => local.chain.close())
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  return {
    source: local.chain,
    run: () => {
      running = local.run(stopping.signal)
    },
  }
}

function healthOf(parts: { source: FrameSource; light: PeerNode; since: number } | undefined): Health {
  if (parts === undefined) return { status: 'starting', network: null, head: null, connections: 0 }
  const { source, light, since } = parts
  const late = source.grows() && Date.now() - since > STALLED_MILLIS + STALLED_INTERVALS * source.frameIntervalMillis
  return {
    status: late ? 'stalled' : 'ok',
    network: source.network,
    head: source.head().number.toString(),
    connections: light.connections(),
  }
}
