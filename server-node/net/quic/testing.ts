/** Nodes that speak QUIC, for tests. */
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { type Ping, ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { loadAddon } from '../../crypto/addon.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from '../limits.ts'
import { Certificates } from '../webtransport/certificates.ts'
import { udpTransports } from './index.ts'

export type KeyKind = 'Ed448' | 'Ed25519' | 'secp256k1' | 'RSA'
export type QuicNode = Libp2p<{ identify: Identify; ping: Ping }>

export async function hostKey(kind: KeyKind): Promise<PrivateKey> {
  if (kind === 'Ed448') return generateEd448KeyPair()
  // The types of `generateKeyPair` want a literal.
  return kind === 'RSA' ? generateKeyPair('RSA', 2048) : generateKeyPair(kind as 'Ed25519')
}

export interface QuicNodeOptions {
  readonly key?: KeyKind | PrivateKey
  readonly listen?: readonly string[]
  readonly limits?: Partial<NetLimits>
}

export async function quicNode({ key = 'Ed448', listen, limits }: QuicNodeOptions = {}): Promise<QuicNode> {
  const addon = loadAddon()
  const certificates = await Certificates.open(addon, undefined, Date.now())
  const udp = udpTransports({ addon, certificates, limits: { ...DEFAULT_NET_LIMITS, ...limits } })
  return createLibp2p({
    privateKey: typeof key === 'string' ? await hostKey(key) : key,
    addresses: { listen: [...(listen ?? ['/ip4/127.0.0.1/udp/0/quic-v1'])] },
    transports: [udp.quic, udp.webTransport],
    services: { identify: identify(), ping: ping() },
    connectionManager: { inboundConnectionThreshold: 1_000 },
  })
}

export function addressOf(node: Libp2p): string {
  const address = node.getMultiaddrs().find((one) => !one.toString().includes('webtransport'))
  if (address === undefined) throw new Error('the node does not listen for QUIC')
  return address.toString()
}
