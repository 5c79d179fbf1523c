/** Asks one libp2p peer, stage by stage, as far as it answers. */
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, IdentifyResult, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { endOf, makeIdentity, type ProbeContext, type ThrowAwayIdentity } from './context.ts'
import { failureOf, ProbeError } from './failures.ts'
import { openHost, type ProbeHost } from './host.ts'
import { judgeProtocols } from './network-protocols.ts'
import { PEER_TEXT_LIMITS, peerText } from './peer-text.ts'
import { askProviders } from './providers.ts'
import { touchPort } from './reach.ts'
import type { PeerReport } from './report.ts'
import { Stages } from './stages.ts'
import type { PeerTarget } from './targets.ts'

/** Connections end politely within this time, or are cut. */
const CLOSE_MILLIS = 1_000

/** Never rejects: whatever goes wrong is in the report. */
export function probePeer(target: PeerTarget, context: ProbeContext): Promise<PeerReport> {
  return new PeerProbe(target, context).run()
}

type Draft = { -readonly [K in keyof PeerReport]: PeerReport[K] }

const NOTHING: Omit<PeerReport, 'target' | 'ownPeerId'> = {
  stages: [],
  resolved: [],
  address: null,
  peerId: null,
  keyType: null,
  pinned: false,
  agent: null,
  protocolVersion: null,
  observed: null,
  protocols: [],
  gossip: null,
  kademlia: null,
  learned: null,
  failure: null,
}

class PeerProbe {
  readonly #target: PeerTarget
  readonly #context: ProbeContext
  readonly #end: AbortSignal
  readonly #stages: Stages
  readonly #identity: ThrowAwayIdentity
  readonly #draft: Draft
  /** What it is connecting to now. */
  #where: string

  constructor(target: PeerTarget, context: ProbeContext) {
    this.#target = target
    this.#context = context
    this.#end = endOf(context)
    this.#stages = new Stages(target.name, this.#isName() ? 'resolve' : 'connect', context.listener)
    this.#identity = makeIdentity(context.addon)
    this.#draft = { target: target.name, ownPeerId: this.#identity.peerId, ...NOTHING }
    this.#where = target.address.host
  }

  async run(): Promise<PeerReport> {
    let host: ProbeHost | undefined
    try {
      const { addon, certificates, timeoutMillis: millis } = this.#context
      const accepts = (peer: PeerId) => this.#meet(peer)
      host = await openHost({ identity: this.#identity.hostKey, addon, certificates, millis, accepts })
      await this.#ask(host, await this.#connect(host, await this.#resolve()))
    } catch (error) {
      this.#draft.failure = this.#stages.fail(this.#failure(error))
    }
    if (host !== undefined) await end(host)
    return { ...this.#draft, stages: this.#stages.reports }
  }

  /** Addresses to dial. */
  async #resolve(): Promise<readonly string[]> {
    const { hostKind, host, port, tail } = this.#target.address
    const at = (kind: string, one: string) => `/${kind}/${one}/${this.#layer()}/${port}${tail}`
    if (!this.#isName()) return [at(hostKind, host)]
    const found = await this.#context.resolver(host, hostKind === 'dns4' ? 4 : hostKind === 'dns6' ? 6 : 0, this.#end)
    if (found.length === 0) throw new ProbeError('dns', `${host}: the name has no address`)
    this.#draft.resolved = found
    this.#stages.pass(found.join(', '))
    // The certificate of a web server is for the name.
    if (tail === '/wss' || tail === '/tls/ws') return [at(hostKind, host)]
    return found.map((one) => at(one.includes(':') ? 'ip6' : 'ip4', one))
  }

  /** The first address that answers; each has its share of the time that is left. */
  async #connect(host: ProbeHost, addresses: readonly string[]): Promise<Connection> {
    for (const [index, address] of addresses.entries()) {
      try {
        return await this.#dial(host, address, addresses.length - index)
      } catch (error) {
        const isLast = index === addresses.length - 1
        if (isLast || this.#end.aborted || this.#stages.current !== 'connect') throw error
        this.#stages.retry(this.#failure(error).message)
      }
    }
    throw new ProbeError('dns', `${this.#where}: no address was tried`)
  }

  async #dial(host: ProbeHost, address: string, addressesLeft: number): Promise<Connection> {
    const { peerId: wanted, port, transport } = this.#target.address
    this.#where = `${address.split('/')[2]} port ${port}/${this.#layer()}`
    this.#stages.enter('connect')
    const share = Math.max((this.#context.endsAt - performance.now()) / addressesLeft, 1)
    const signal = AbortSignal.any([this.#end, AbortSignal.timeout(Math.ceil(share))])
    const onProgress = ({ type }: { readonly type: string }) => {
      if (type === 'upgrader:encrypt-outbound-connection') this.#connected()
    }
    try {
      if (transport === 'websocket') await this.#openPort(address, signal)
      const connection = await host.dial(multiaddr(address), { signal, onProgress })
      this.#stages.pass(connection.multiplexer ?? 'none')
      this.#draft.address = address
      return connection
    } catch (error) {
      const met = this.#draft.peerId
      if (met === null || wanted === null || met === wanted) throw error
      throw new ProbeError('wrongPeer', `${this.#where}: ${met} answers, ${wanted} was wanted`, { cause: error })
    }
  }

  /** The port that WebSocket will be spoken on takes connections. */
  async #openPort(address: string, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#target.address
    const ip = address.startsWith('/ip') ? address.split('/')[2] : this.#draft.resolved[0]
    await touchPort(ip ?? host, port, signal)
    this.#stages.pass(`tcp, ${this.#where}`)
    this.#stages.enter('websocket')
  }

  /** The transport stands; with QUIC, the handshake too. */
  #connected(): void {
    const { transport } = this.#target.address
    const shown = { quic: `QUIC handshake, ${this.#where}`, tcp: `tcp, ${this.#where}`, websocket: 'upgraded to it' }
    this.#stages.pass(shown[transport])
    this.#stages.enter('secure')
  }

  /** Who answers is known, and owns its key. Whether it is to be spoken to. */
  #meet(peer: PeerId): boolean {
    if (this.#stages.current === 'connect') this.#connected()
    const { peerId: wanted } = this.#target.address
    const met = peer.toString()
    const keyType = keyTypeOf(peer)
    Object.assign(this.#draft, { peerId: met, keyType, pinned: met === wanted })
    if (wanted !== null && met !== wanted) return false
    this.#stages.pass(
      `${keyType} key; ${wanted === null ? `${met} (no peer id was given)` : 'the peer that was wanted'}`,
    )
    this.#stages.enter('multiplex')
    return true
  }

  async #ask(host: ProbeHost, connection: Connection): Promise<void> {
    const { network, discover } = this.#context
    this.#stages.enter('identify')
    const result = await host.services.identify.identify(connection, { signal: this.#end })
    if (this.#identified(result).kademlia && discover) {
      this.#stages.enter('discover')
      const learned = await askProviders(connection, network, this.#end)
      this.#draft.learned = learned
      this.#stages.pass(
        `${counted(learned.providers, 'provider')} of the network's namespace, ${counted(learned.closer, 'closer peer')}`,
      )
    }
    await connection
      .close({ signal: AbortSignal.timeout(CLOSE_MILLIS) })
      .catch((error: Error) => connection.abort(error))
  }

  /** Keeps what it says of itself. Throws `ProbeError` `otherNetwork`. */
  #identified({ agentVersion = '', protocolVersion = '', observedAddr, protocols }: IdentifyResult) {
    const agent = peerText(agentVersion)
    const version = peerText(protocolVersion)
    const observed = observedAddr === undefined ? null : peerText(observedAddr.toString().replace(/\/p2p\/.*/, ''))
    const listed = protocols.slice(0, PEER_TEXT_LIMITS.protocols).map((protocol) => peerText(protocol))
    Object.assign(this.#draft, { agent, protocolVersion: version, observed, protocols: listed })
    const sees = observed === null ? 'does not say where it sees us' : `sees us at ${observed}`
    this.#stages.pass(`${agent || 'names no agent'}, ${version || 'no version'}; ${sees}`)
    this.#stages.enter('network')
    const { gossip, kademlia, isMember, text } = judgeProtocols(protocols, this.#context.network)
    Object.assign(this.#draft, { gossip, kademlia })
    if (!isMember) throw new ProbeError('otherNetwork', peerText(text, LONGEST_VERDICT))
    this.#stages.pass(peerText(text, LONGEST_VERDICT))
    return { kademlia }
  }

  #isName(): boolean {
    return this.#target.address.hostKind.startsWith('dns')
  }

  #layer(): 'tcp' | 'udp' {
    return this.#target.address.transport === 'quic' ? 'udp' : 'tcp'
  }

  #failure(error: unknown): ProbeError {
    const { interrupted, deadline } = this.#context
    const { current: stage, seconds } = this.#stages
    return failureOf(error, {
      stage,
      seconds,
      layer: this.#layer(),
      where: this.#where,
      isLate: deadline.aborted,
      isInterrupted: interrupted.aborted,
    })
  }
}

/** The report is made by now, and a host that does not end well says nothing of the peer. */
async function end(host: ProbeHost): Promise<void> {
  try {
    await host.stop()
  } catch {
    // Nothing listens; what is left of it ends with the process.
  }
}

const LONGEST_VERDICT = 300

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Numbers of the records of keys (spec 50 section 1 adds the last). */
const KEY_TYPES = ['RSA', 'Ed25519', 'secp256k1', 'ECDSA', 'Ed448']

function keyTypeOf({ publicKey }: PeerId): string {
  const type = publicKey && publicKeyToProtobuf(publicKey)[1]
  return KEY_TYPES[type ?? -1] ?? 'unknown'
}
