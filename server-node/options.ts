/** What a node can be told, and what is meant by default. */
import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isPeerIdText } from '@petal/core/discovery/peer-address.ts'
import { NodeError } from './errors.ts'
import { JOIN_LIMITS, joinedDirectory, readJoinTarget } from './follow/join-target.ts'
import type { IdentityKind } from './net/identity.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './net/limits.ts'
import { TRANSPORTS, type TransportName } from './net/transports.ts'
import type { AddonStateOptions, DiskLevel } from './state/addon.ts'

export interface NodeOptions {
  /** IP address of all listeners. Default 127.0.0.1. */
  readonly host?: string
  /** TCP port of the page; 0 = any free one. Default 8420; a node that joins takes any free one when that is in use. */
  readonly port?: number
  /**
   * Follows the network of these nodes instead of making one: multiaddrs with a peer id, or http addresses of their pages. A data directory
   * of a node that joined before needs none.
   */
  readonly join?: readonly string[]
  /** Digest, 64 hex digits, that the network to join must have. Default: that of the first node met is trusted from then on. */
  readonly genesis?: string
  /**
   * Directory of keys and frames. Default `.petal/local` in the project, `.petal/joined-..` for a node that joins, named by the first one it is
   * to join. A replay keeps its identity and certificates in it if it is
   * given, else it has new ones each time.
   */
  readonly dataDirectory?: string
  /** Encrypts the keys in the data directory; without it they are encrypted under a passphrase in a file beside them. */
  readonly passphrase?: string
  /** Directory of another node (`config.yml`, `keys.yml`): its identity and prover key are used. It is only read. */
  readonly nodeDirectory?: string
  /** Default `ed448`. Stock libp2p peers know `ed25519` only; nodes of the network know `ed448` only. */
  readonly identityKind?: IdentityKind
  /** Takes the ports that nodes of the network usually have, where they are free and the last run had no others. Default: any free ones. */
  readonly standardPorts?: boolean
  /** Port of gRPC for other nodes (mutual TLS). Default: that of the last run, else the standard one where it is wanted, else any free one. */
  readonly peerRpcPort?: number
  /** Port of gRPC for the operator's programs, on loopback in clear text. Default: none. */
  readonly localRpcPort?: number
  /** Peer ids that are refused. */
  readonly blacklist?: readonly string[]
  /** Asks the router to forward ports. */
  readonly upnp?: boolean
  /** Ed448 key, 114 hex digits, whose alerts halt a node that makes frames. Default: that of the network. */
  readonly alertKey?: string
  /** Goes on after an alert. */
  readonly overrideAlert?: boolean
  /** Time between frames of the local network. Default 10,000. */
  readonly frameIntervalMillis?: number
  /** File of recorded frames, served instead of a local network. */
  readonly replay?: string
  /** Announces recorded frames one by one, this far apart. Default: all are there from the start. */
  readonly replayIntervalMillis?: number
  /** Directory of the built page. Default `dist/web` in the project. */
  readonly webRoot?: string
  readonly transports?: readonly TransportName[]
  readonly limits?: Partial<NetLimits>
  /** Native addon. Default: the one that the build makes. */
  readonly addonPath?: string
  /** The store of frames and state. */
  readonly store?: AddonStateOptions
  readonly onEvent?: (event: NodeEvent) => void
  /** Ends a start that takes long because nobody answers or state is copied. */
  readonly signal?: AbortSignal
}

/** What happens in a running node. Numbers of frames are decimal strings, identities hex: events are printed as JSON. */
export type NodeEvent =
  | { readonly event: 'notice'; readonly message: string }
  | {
      readonly event: 'frame'
      readonly number: string
      readonly identity: string
      /** Committee indices that voted; null for a recorded frame. */
      readonly signers: readonly number[] | null
      readonly solveMillis: number | null
    }
  /** The network is known and trusted; what follows is the way to its newest frame. */
  | { readonly event: 'joining'; readonly network: string; readonly genesis: string; readonly first: boolean }
  /** Headers up to `verified` are verified, of those up to `wanted`. */
  | { readonly event: 'headers'; readonly verified: string; readonly wanted: string }
  /** A tree of the state of a frame is copied: the `tree`th of `trees`. */
  | {
      readonly event: 'state'
      readonly frame: string
      readonly tree: number
      readonly trees: number
      readonly leaves: number
      readonly total: number
      readonly bytes: number
      readonly leavesPerSecond: number
      readonly remainingMillis: number | null
    }
  /** What the peer sent is false: it is not asked any more. */
  | { readonly event: 'dropped'; readonly peer: string; readonly reason: string }
  /** The disk of the data directory has reached another level; at `readOnly` no frames are made. */
  | { readonly event: 'disk'; readonly level: DiskLevel; readonly message: string }
  /** The network's operators say something; `halt` = this node makes no more frames until it is started with `overrideAlert`. */
  | { readonly event: 'alert'; readonly message: string; readonly halt: boolean }
  /** A frame could not be made or taken; `final` = no more are tried. */
  | { readonly event: 'failure'; readonly message: string; readonly final: boolean }

export type ResolvedOptions = Required<Omit<NodeOptions, Optional | 'limits' | 'dataDirectory'>> &
  Pick<NodeOptions, Optional> & {
    readonly limits: NetLimits
    readonly dataDirectory: string | undefined
    /** The port was chosen by somebody: no other one will do. */
    readonly portIsGiven: boolean
  }
type Optional =
  | 'passphrase'
  | 'nodeDirectory'
  | 'replay'
  | 'replayIntervalMillis'
  | 'addonPath'
  | 'store'
  | 'genesis'
  | 'signal'
  | 'peerRpcPort'
  | 'localRpcPort'
  | 'alertKey'

export const DEFAULTS = {
  host: '127.0.0.1',
  port: 8420,
  dataDirectory: fileURLToPath(new URL('../.petal/local', import.meta.url)),
  frameIntervalMillis: 10_000,
  webRoot: fileURLToPath(new URL('../dist/web', import.meta.url)),
} as const

const MIN_INTERVAL_MILLIS = 500
const MAX_INTERVAL_MILLIS = 3_600_000

/** Fills in the defaults. Throws `NodeError` `options`. */
export function resolveOptions(options: NodeOptions): ResolvedOptions {
  const resolved = {
    ...DEFAULTS,
    transports: TRANSPORTS,
    identityKind: 'ed448' as const,
    join: [],
    blacklist: [],
    upnp: false,
    standardPorts: false,
    overrideAlert: false,
    onEvent: () => undefined,
    ...options,
    dataDirectory: options.dataDirectory ?? defaultDirectory(options),
    portIsGiven: options.port !== undefined,
    limits: { ...DEFAULT_NET_LIMITS, ...options.limits },
  }
  const { host, port, frameIntervalMillis, replayIntervalMillis, replay, passphrase } = resolved
  if (isIP(host) === 0) throw wrong(`host ${JSON.stringify(host)} is not an IP address`)
  for (const one of [port, options.peerRpcPort ?? 0, options.localRpcPort ?? 0]) checkPort(one)
  for (const peer of resolved.blacklist) {
    if (!isPeerIdText(peer)) throw wrong(`${JSON.stringify(peer)} in the blacklist is not a peer id`)
  }
  if (options.alertKey !== undefined && !/^[0-9a-f]{114}$/.test(options.alertKey)) {
    throw wrong('the alert key is not 114 lower-case hex digits')
  }
  if (!(frameIntervalMillis >= MIN_INTERVAL_MILLIS && frameIntervalMillis <= MAX_INTERVAL_MILLIS)) {
    throw wrong(`a frame interval of ${frameIntervalMillis / 1000} s: 0.5 s to 3600 s are possible`)
  }
  if (
    replayIntervalMillis !== undefined &&
    !(replayIntervalMillis >= 1 && replayIntervalMillis <= MAX_INTERVAL_MILLIS)
  ) {
    throw wrong(`a replay interval of ${replayIntervalMillis} ms: 1 ms to an hour are possible`)
  }
  if (replayIntervalMillis !== undefined && replay === undefined) throw wrong('a replay interval without a replay')
  if (passphrase === '') throw wrong('the passphrase is empty')
  checkJoin(options)
  return resolved
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong(`port ${port} is not a number from 0 to 65535`)
}

function defaultDirectory({ replay, join = [] }: NodeOptions): string | undefined {
  if (replay !== undefined) return undefined
  return join.length > 0 ? joinedDirectory(join) : DEFAULTS.dataDirectory
}

function checkJoin({ join = [], genesis, replay, frameIntervalMillis }: NodeOptions): void {
  if (genesis !== undefined && !/^[0-9a-f]{64}$/.test(genesis)) {
    throw wrong(`genesis ${JSON.stringify(genesis)} is not 64 lower-case hex digits`)
  }
  if (join.length === 0) return
  if (join.length > JOIN_LIMITS.targets) throw wrong(`${join.length} nodes to join: at most ${JOIN_LIMITS.targets}`)
  join.forEach(readJoinTarget)
  if (replay !== undefined) throw wrong('a replay joins nobody')
  if (frameIntervalMillis !== undefined) throw wrong('a node that joins has the frame interval of its network')
}

function wrong(message: string): NodeError {
  return new NodeError('options', message)
}
