/** What a probe tells: plain values, printed as JSON. Text of a peer is cut and without control characters (`peer-text.ts`). */

/** Where a probe is. Of a peer: the first group; of a stream port: the second. */
export type Stage =
  | 'resolve' // its name to IP addresses
  | 'connect' // the transport; the whole handshake where the transport is QUIC
  | 'websocket' // the upgrade to it, and TLS before that where it is wanted
  | 'secure' // who it is: Noise, and the key behind the peer id
  | 'multiplex' // the multiplexer of TCP and WebSocket
  | 'identify' // what it says of itself
  | 'network' // whether it speaks the protocols of the network
  | 'discover' // GET_PROVIDERS for the namespace of the network
  | 'tls' // TLS 1.3, with the peer's certificate judged
  | 'http2' // HTTP/2 in it
  | 'frame' // GetGlobalFrame(0)
  | 'verify' // the time proof of that frame

export type FailureCode =
  | 'dns' // the name does not resolve
  | 'refused' // nothing listens there
  | 'unreachable' // this machine has no way there
  | 'timeout' // no answer
  | 'closed' // it ended the connection
  | 'wrongPeer' // another peer than the one wanted answers
  | 'identity' // it proves no identity
  | 'noCommonProtocol' // it speaks, but nothing that we speak
  | 'version' // it speaks another version
  | 'otherNetwork' // it is of another network, or of none
  | 'protocol' // what it sent is not what belongs there
  | 'status' // it answered with an error
  | 'invalid' // its frame does not verify
  | 'interrupted' // whoever asked gave up

export interface StageReport {
  readonly stage: Stage
  readonly ok: boolean
  readonly millis: number
  readonly text: string
}

export interface Failure {
  readonly stage: Stage
  readonly code: FailureCode
  readonly message: string
}

/** Somebody that a peer named. */
export interface LearnedPeer {
  readonly peerId: string
  readonly addresses: readonly string[]
}

/** An answer to GET_PROVIDERS: how many it named, and the first of them. */
export interface Learned {
  readonly providers: number
  readonly closer: number
  readonly bytes: number
  /** Providers first. */
  readonly first: readonly (LearnedPeer & { readonly provider: boolean })[]
}

interface TargetReport {
  /** As it was given. */
  readonly target: string
  /** Throw-away identity that it was asked by. */
  readonly ownPeerId: string
  readonly stages: readonly StageReport[]
  /** IP addresses of its name; none where it was given by address. */
  readonly resolved: readonly string[]
  /** Who answered, whether or not that is who was wanted; null when that was never known. */
  readonly peerId: string | null
  readonly keyType: string | null
  /** Whether a peer id was wanted, and is that of who answered. */
  readonly pinned: boolean
  /** Null when it answered to the end. */
  readonly failure: Failure | null
}

export interface PeerReport extends TargetReport {
  /** Address that was connected to. */
  readonly address: string | null
  readonly agent: string | null
  readonly protocolVersion: string | null
  /** Our address as the peer sees it. */
  readonly observed: string | null
  readonly protocols: readonly string[]
  /** Whether it speaks BlossomSub and Kademlia of the network; null when that was never known. */
  readonly gossip: boolean | null
  readonly kademlia: boolean | null
  readonly learned: Learned | null
}

/** The newest frame of a node. */
export interface HeadReport {
  /** Decimal. */
  readonly number: string
  readonly rank: string
  /** As its leader claims, milliseconds since the epoch. */
  readonly timestamp: string
  readonly difficulty: number
  /** Hex. */
  readonly identity: string
}

export interface RpcReport extends TargetReport {
  readonly head: HeadReport | null
}

export interface ProbeReport {
  readonly network: number
  readonly timeoutMillis: number
  readonly peers: readonly PeerReport[]
  readonly rpc: readonly RpcReport[]
  /** How many answered to the end. */
  readonly answered: number
}
