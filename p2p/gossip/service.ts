/**
 * Runs the gossip router over libp2p: streams in, streams out, timers, signatures. It decides nothing about gossip itself: see
 * `@petal/core/gossip`.
 */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { GossipEffect, GossipEvent, GossipMessage, RefusalCode, Verdict } from '@petal/core/gossip/index.ts'
import {
  bitmaskKey,
  blossomSubProtocol,
  GOSSIP_LIMITS,
  type GossipLimits,
  type GossipParams,
  GossipRouter,
  paramsOf,
} from '@petal/core/gossip/index.ts'
import { inBackground } from '../timers.ts'
import { type GossipIdentity, type SignatureVerifier, verifySignatures } from './keys.ts'
import { LINK_LIMITS, type LinkLimits, PeerLink } from './link.ts'
import { type Subscriber, Subscribers } from './subscribers.ts'
import { UnfinishedFrames } from './unfinished-frames.ts'
import { Verification } from './verification.ts'

export interface GossipOptions {
  /** 0 is mainnet. */
  readonly network: number
  readonly identity: GossipIdentity
  /** Default: host keys of all kinds. */
  readonly verify?: SignatureVerifier
  /** Signatures that are verified without a rest. Default 64. */
  readonly verifiedPerTask?: number
  /** Peer ids as text: always sent to, in no mesh. */
  readonly direct?: readonly string[]
  /** Peer ids as text that are in no mesh, since many lean on them. */
  readonly bootstrap?: readonly string[]
  readonly params?: Partial<GossipParams>
  readonly limits?: Partial<GossipLimits>
  readonly linkLimits?: Partial<LinkLimits>
  /** A subscriber or the verifier threw. Default: reported as an uncaught error. */
  onError?(error: Error): void
}

/** `publish` or `subscribe` was refused. */
export class GossipError extends Error {
  readonly code: RefusalCode | 'stopped'
  constructor(code: RefusalCode | 'stopped', message: string) {
    super(message)
    this.name = 'GossipError'
    this.code = code
  }
}

/** Until a peer is written to again that could not be, over a connection that is still there. */
const RELINK_MILLIS = 30_000

type Node = Pick<Libp2p, 'handle' | 'unhandle' | 'register' | 'unregister' | 'getConnections'>

export class GossipService {
  readonly protocol: string
  readonly #options: GossipOptions
  readonly #router: GossipRouter
  readonly #leastPeers: number
  readonly #linkLimits: LinkLimits
  readonly #unfinished: UnfinishedFrames
  readonly #links = new Map<string, PeerLink>()
  readonly #watched = new WeakSet<Connection>()
  readonly #subscribers: Subscribers
  readonly #publishing = new Map<number, PromiseWithResolvers<number>>()
  readonly #verification: Verification
  #node: Node | undefined
  #topology: string | undefined
  #stopped = false
  #publishes = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Events that come while another is being handled. */
  readonly #events: GossipEvent[] = []
  #handling = false
  /** Which subscription the router refused while `subscribe` asks for it. */
  #refused: RefusalCode | undefined

  constructor(options: GossipOptions) {
    this.#options = options
    this.protocol = blossomSubProtocol(options.network)
    this.#linkLimits = { ...LINK_LIMITS, ...options.linkLimits }
    const onError = (error: Error) => (options.onError ?? uncaught)(error)
    this.#subscribers = new Subscribers(onError)
    this.#verification = new Verification(options.verify ?? verifySignatures, options.verifiedPerTask ?? 64, onError)
    this.#unfinished = new UnfinishedFrames(this.#linkLimits.unfinishedBytes)
    const { params: usual, scores } = paramsOf(options.network)
    const params = { ...usual, ...options.params }
    this.#leastPeers = params.dLow
    const { peerId, key } = options.identity
    this.#router = new GossipRouter({
      params,
      scores,
      limits: { ...GOSSIP_LIMITS, ...options.limits },
      identity: { peerId, key },
      firstSeqno: firstSeqno(),
      direct: new Set(options.direct),
      outsideMesh: new Set(options.bootstrap),
      random: Math.random,
    })
  }

  /** Serves the protocol on a node, and speaks it with every peer that does. The node needs the identify service. */
  async start(node: Node): Promise<void> {
    this.#node = node
    const maxInboundStreams = 4
    await node.handle(this.protocol, (stream, connection) => this.#accept(stream, connection), { maxInboundStreams })
    this.#topology = await node.register(this.protocol, {
      onConnect: (peer, connection) => void this.#linkTo(peer, connection),
      onDisconnect: (peer) => this.#unlink(peer.toString()),
    })
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#verification.stop()
    if (this.#topology !== undefined) this.#node?.unregister(this.#topology)
    await this.#node?.unhandle(this.protocol)
    for (const peer of [...this.#links.keys()]) this.#unlink(peer)
    for (const { reject } of this.#publishing.values()) reject(new GossipError('stopped', 'gossip was stopped'))
    this.#publishing.clear()
  }

  /** Calls back for messages of a topic. The result ends it. Throws `GossipError`. */
  subscribe(topic: Uint8Array, subscriber: Subscriber): () => void {
    const bitmask = topic.slice()
    if (!this.#subscribers.has(bitmask)) {
      this.#refused = undefined
      this.#feed({ kind: 'subscribe', bitmask })
      if (this.#refused !== undefined)
        throw new GossipError(this.#refused, `cannot subscribe to ${bitmaskKey(bitmask)}`)
    }
    this.#subscribers.add(bitmask, subscriber)
    return () => {
      if (this.#subscribers.remove(bitmask, subscriber)) this.#feed({ kind: 'unsubscribe', bitmask })
    }
  }

  /** Signs and sends a message. Resolves with the number of peers it was sent to; rejects with `GossipError`. */
  publish(bitmask: Uint8Array, data: Uint8Array): Promise<number> {
    if (this.#stopped) return Promise.reject(new GossipError('stopped', 'gossip was stopped'))
    const publish = this.#publishes++
    const waiting = Promise.withResolvers<number>()
    this.#publishing.set(publish, waiting)
    this.#feed({ kind: 'publish', publish, bitmask, data })
    return waiting.promise
  }

  /** Moves the application's score of a peer. */
  addScore(peer: string, change: number): void {
    this.#feed({ kind: 'applicationScore', peer, change })
  }

  score(peer: string): number {
    return this.#router.score(peer)
  }

  /** Peers that get messages of a topic at once. */
  meshOf(bitmask: Uint8Array): readonly string[] {
    return this.#router.meshOf(bitmask)
  }

  /** Whether the mesh of a topic that is subscribed to has fewer peers than it should. */
  isShort(): boolean {
    return this.#subscribers.topics().some((topic) => this.#router.meshOf(topic).length < this.#leastPeers)
  }

  get peers(): readonly string[] {
    return [...this.#links.keys()]
  }

  #linkTo(peerId: PeerId, connection: Connection): PeerLink {
    const peer = peerId.toString()
    const known = this.#links.get(peer)
    if (known) return known
    const link: PeerLink = new PeerLink(this.#linkLimits, this.#unfinished, {
      opened: (stream) => this.#feed({ kind: 'streamOpened', peer, stream }),
      frame: (stream, bytes) => this.#feed({ kind: 'frame', peer, stream, bytes }),
      broken: (stream, reason) => this.#feed({ kind: 'streamBroken', peer, stream, reason }),
      sent: (bytes) => this.#feed({ kind: 'sent', peer, bytes }),
      failed: () => {
        if (this.#links.get(peer) !== link) return
        this.#unlink(peer)
        this.#linkLater(peerId, RELINK_MILLIS)
      },
    })
    this.#links.set(peer, link)
    this.#watch(peerId, connection)
    const outbound = connection.direction === 'outbound'
    const hasTwins = isBrowserWay(connection)
    this.#feed({ kind: 'connected', peer, outbound, address: addressOf(connection), hasTwins })
    void link.open(connection, this.protocol)
    return link
  }

  /** A peer that loses the connection of its link may have another one. */
  #watch(peerId: PeerId, connection: Connection): void {
    if (this.#watched.has(connection)) return
    this.#watched.add(connection)
    connection.addEventListener('close', () => this.#linkLater(peerId, 0), { once: true })
  }

  /** Links to a peer that is still there: it reset our stream, was too slow, or has lost one of its connections. */
  #linkLater(peerId: PeerId, millis: number): void {
    const again = () => {
      const open = this.#node?.getConnections(peerId).find(({ status }) => status === 'open')
      if (!this.#stopped && open !== undefined) this.#linkTo(peerId, open)
    }
    inBackground(setTimeout(again, millis))
  }

  #unlink(peer: string): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    link.close()
    this.#feed({ kind: 'disconnected', peer })
  }

  #accept(stream: Stream, connection: Connection): void {
    if (this.#stopped) stream.abort(new Error('gossip was stopped'))
    else this.#linkTo(connection.remotePeer, connection).accept(stream)
  }

  #feed(event: GossipEvent): void {
    if (this.#stopped) return
    this.#events.push(event)
    if (this.#handling) return
    this.#handling = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#router.handle(next, now())) this.#perform(effect)
      }
    } finally {
      this.#handling = false
    }
  }

  #perform(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#links.get(effect.peer)?.send(effect.bytes)
        return
      case 'closeStream':
        this.#links.get(effect.peer)?.reset(effect.stream, effect.reason)
        return
      case 'sign': {
        const answer = (signature: Uint8Array | null) => this.#feed({ kind: 'signed', job: effect.job, signature })
        settle(() => this.#options.identity.sign(effect.payload), answer, null)
        return
      }
      case 'verify': {
        const answer = this.#judging(effect.peer, (valid: boolean | null) => {
          // Where the verifier failed, the router forgets the message in time, and blames nobody.
          if (valid !== null) this.#feed({ kind: 'verified', job: effect.job, valid })
        })
        this.#verification.add(effect, answer)
        return
      }
      case 'validate':
        this.#validate(effect.job, effect.message, effect.peer)
        return
      case 'deliver':
        // Later, so that a subscriber may call back.
        queueMicrotask(() => this.#subscribers.deliver(effect.subscriptions, effect.message, effect.peer))
        return
      case 'published':
        this.#publishing.get(effect.publish)?.resolve(effect.peers)
        this.#publishing.delete(effect.publish)
        return
      case 'publishRefused':
        this.#publishing.get(effect.publish)?.reject(new GossipError(effect.code, `not published: ${effect.code}`))
        this.#publishing.delete(effect.publish)
        return
      case 'subscribeRefused':
        this.#refused = effect.code
        return
      case 'wake':
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#feed({ kind: 'wake' }), Math.max(effect.at - now(), 0))
        inBackground(this.#timer)
        return
      case 'peersOffered':
    }
  }

  #validate(job: number, message: GossipMessage, peer: string): void {
    const answer = (verdict: Verdict) => this.#feed({ kind: 'judged', job, verdict })
    const judgement = this.#subscribers.judgement(message, peer)
    if (judgement === null) answer('accept')
    else settle(judgement, this.#judging(peer, answer), 'ignore')
  }

  /** A judgement begins, and ends with its answer: the peer's stream rests while there are many that take their time. */
  #judging<T>(peer: string, answer: (value: T) => void): (value: T) => void {
    const link = this.#links.get(peer)
    link?.judging(1)
    return (value) => {
      link?.judging(-1)
      answer(value)
    }
  }
}

/** A clock that nobody sets: windows of peers run on when the time of the machine is corrected. */
const now = (): number => performance.now()

/** Nanoseconds since the epoch, those below a millisecond at random: hosts of one identity that start together do not count alike. */
function firstSeqno(): bigint {
  return BigInt(Date.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000))
}

function uncaught(error: Error): void {
  queueMicrotask(() => {
    throw error
  })
}

/** Answers with what `ask` gives, now or later, or with `otherwise` when it throws. */
function settle<T>(ask: () => T | Promise<T>, answer: (value: T) => void, otherwise: T): void {
  let value: T | Promise<T>
  try {
    value = ask()
  } catch {
    value = otherwise
  }
  if (value instanceof Promise) value.then(answer, () => answer(otherwise))
  else answer(value)
}

/** IP address of the other end, as text, or null when its address has none. */
function addressOf(connection: Connection): string | null {
  const match = /^\/ip[46]\/([^/]+)/.exec(connection.remoteAddr.toString())
  return match?.[1] ?? null
}

/** Whether tabs come by a transport like this one. */
const isBrowserWay = ({ remoteAddr }: Connection): boolean =>
  /\/(wss?|webrtc|webrtc-direct|webtransport)(\/|$)/.test(remoteAddr.toString())
