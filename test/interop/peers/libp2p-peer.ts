/** A js-libp2p host with the stack that Petal nodes have on TCP: Noise, Yamux, identify, ping, Kademlia. */
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Connection, ConnectionGater, IdentifyResult, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { ECHO_PROTOCOL, type Identity, type InteropPeer, type Link, type Provider } from './peer.ts'
import { until } from './until.ts'

export interface Libp2pPeerOptions {
  readonly privateKey: PrivateKey
  /** Protocol id of Kademlia. */
  readonly kad: string
  readonly gater?: ConnectionGater
}

/** What js-libp2p says of itself by identify. */
export const LIBP2P_SAYS = { agent: /^js-libp2p\//, protocolVersion: 'ipfs/0.1.0' }

type Services = { identify: Identify; ping: Ping; dht: KadDHT }

const PING_MILLIS = 20_000

export async function startLibp2pPeer(options: Libp2pPeerOptions): Promise<Libp2pPeer> {
  const node = await createLibp2p({
    privateKey: options.privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: options.kad, clientMode: false, peerInfoMapper: passthroughMapper }),
    },
    ...(options.gater ? { connectionGater: options.gater } : {}),
  })
  const peer = new Libp2pPeer(node)
  await node.handle(ECHO_PROTOCOL, (stream) => void echoBack(stream))
  return peer
}

export class Libp2pPeer implements InteropPeer {
  readonly node: Libp2p<Services>
  readonly #identified = new Map<string, IdentifyResult>()

  constructor(node: Libp2p<Services>) {
    this.node = node
    node.addEventListener('peer:identify', ({ detail }) => this.#identified.set(detail.peerId.toString(), detail))
  }

  get peerId(): string {
    return this.node.peerId.toString()
  }

  get addresses(): readonly string[] {
    return this.node.getMultiaddrs().map(String)
  }

  async dial(address: string): Promise<Link> {
    return linkOf(await this.node.dial(multiaddr(address)))
  }

  async link(peer: string): Promise<Link> {
    const [connection] = this.node.getConnections(peerIdFromString(peer))
    if (connection === undefined) throw new Error(`not connected to ${peer}`)
    return linkOf(connection)
  }

  async identified(peer: string): Promise<Identity> {
    const result = await until(`${peer} is identified`, () => this.#identified.get(peer))
    const { publicKey } = (await this.node.peerStore.get(result.peerId)).id
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
    return this.node.services.ping.ping(peerIdFromString(peer), { signal: AbortSignal.timeout(PING_MILLIS) })
  }

  async echo(peer: string, hex: string): Promise<string> {
    const stream = await this.node.dialProtocol(peerIdFromString(peer), ECHO_PROTOCOL)
    const received = readAll(stream)
    if (!stream.send(hexToBytes(hex))) await stream.onDrain()
    await stream.close()
    return bytesToHex(await received)
  }

  hangUp(peer: string): Promise<void> {
    return this.node.hangUp(peerIdFromString(peer))
  }

  async routingTable(): Promise<readonly string[]> {
    const peers: string[] = []
    for await (const event of this.node.services.dht.getClosestPeers(this.node.peerId.toMultihash().bytes)) {
      if (event.name === 'FINAL_PEER') peers.push(event.peer.id.toString())
    }
    return peers
  }

  async provide(cid: string): Promise<void> {
    await this.node.contentRouting.provide(CID.parse(cid))
  }

  async findProviders(cid: string): Promise<readonly Provider[]> {
    const found: Provider[] = []
    for await (const { id, multiaddrs } of this.node.contentRouting.findProviders(CID.parse(cid))) {
      found.push({ peer: id.toString(), addresses: multiaddrs.map(String) })
    }
    return found
  }

  async findPeer(peer: string): Promise<Provider> {
    const { id, multiaddrs } = await this.node.peerRouting.findPeer(peerIdFromString(peer))
    return { peer: id.toString(), addresses: multiaddrs.map(String) }
  }

  async stop(): Promise<void> {
    await this.node.stop()
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
