/** A js-libp2p host that is told what to do, whoever made it. */
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, IdentifyResult, Libp2p, Stream } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { CID } from 'multiformats/cid'
import { ECHO_PROTOCOL, type Identity, type InteropPeer, type Link, type Provider } from './peer.ts'
import { until } from './until.ts'

/** The services that it needs, as Petal nodes name them. */
export type Host = Libp2p<{ ping: Ping; kademlia: KadDHT }>

const PING_MILLIS = 20_000

export class Libp2pPeer implements InteropPeer {
  readonly #node: Host
  readonly #identified = new Map<string, IdentifyResult>()
  readonly #stop: () => Promise<void>

  private constructor(node: Host, stop: () => Promise<void>) {
    this.#node = node
    this.#stop = stop
    node.addEventListener('peer:identify', ({ detail }) => this.#identified.set(detail.peerId.toString(), detail))
  }

  /** Takes a node over before it has any connection. */
  static async of(node: Host, stop = async () => node.stop()): Promise<Libp2pPeer> {
    await node.handle(ECHO_PROTOCOL, (stream) => void echoBack(stream))
    return new Libp2pPeer(node, stop)
  }

  get peerId(): string {
    return this.#node.peerId.toString()
  }

  get addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  async dial(address: string): Promise<Link> {
    return linkOf(await this.#node.dial(multiaddr(address)))
  }

  async link(peer: string): Promise<Link> {
    const [connection] = this.#node.getConnections(peerIdFromString(peer))
    if (connection === undefined) throw new Error(`not connected to ${peer}`)
    return linkOf(connection)
  }

  async identified(peer: string): Promise<Identity> {
    const result = await until(`${peer} is identified`, () => this.#identified.get(peer))
    const { publicKey } = (await this.#node.peerStore.get(result.peerId)).id
    if (publicKey === undefined) throw new Error(`no key of ${peer} is known`)
    const record = publicKeyToProtobuf(publicKey)
    return {
      protocolVersion: result.protocolVersion ?? '',
      agentVersion: result.agentVersion ?? '',
      protocols: result.protocols,
      listenAddresses: result.listenAddrs.map(String),
      signedRecord: result.signedPeerRecord !== undefined,
      keyType: record[1] ?? 0,
      key: bytesToHex(record),
    }
  }

  ping(peer: string): Promise<number> {
    return this.#node.services.ping.ping(peerIdFromString(peer), { signal: AbortSignal.timeout(PING_MILLIS) })
  }

  async echo(peer: string, hex: string): Promise<string> {
    const stream = await this.#node.dialProtocol(peerIdFromString(peer), ECHO_PROTOCOL)
    const received = readAll(stream)
    if (!stream.send(hexToBytes(hex))) await stream.onDrain()
    await stream.close()
    return bytesToHex(await received)
  }

  hangUp(peer: string): Promise<void> {
    return this.#node.hangUp(peerIdFromString(peer))
  }

  async routingTable(): Promise<readonly string[]> {
    const peers: string[] = []
    for await (const event of this.#node.services.kademlia.getClosestPeers(this.#node.peerId.toMultihash().bytes)) {
      if (event.name === 'FINAL_PEER') peers.push(event.peer.id.toString())
    }
    return peers
  }

  async provide(cid: string): Promise<void> {
    await this.#node.contentRouting.provide(CID.parse(cid))
  }

  async findProviders(cid: string): Promise<readonly Provider[]> {
    const found: Provider[] = []
    for await (const { id, multiaddrs } of this.#node.contentRouting.findProviders(CID.parse(cid))) {
      found.push({ peer: id.toString(), addresses: multiaddrs.map(String) })
    }
    return found
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}

function linkOf(connection: Connection): Link {
  const { remotePeer, direction, encryption = '', multiplexer = '', remoteAddr } = connection
  return { peer: remotePeer.toString(), direction, security: encryption, muxer: multiplexer, address: `${remoteAddr}` }
}

async function readAll(stream: Stream): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part.subarray())
  return concatBytes(...parts)
}

async function echoBack(stream: Stream): Promise<void> {
  try {
    for await (const part of stream) if (!stream.send(part)) await stream.onDrain()
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
