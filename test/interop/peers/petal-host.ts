/** The peer part of a Petal node, as the program starts it, in this process. */
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import type { GossipService } from '@petal/p2p/gossip/index.ts'
import { useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { DEFAULT_NET_LIMITS } from '../../../server-node/net/limits.ts'
import { startPeerNode } from '../../../server-node/net/node.ts'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { Certificates } from '../../../server-node/net/webtransport/certificates.ts'
import type { Side } from '../cases/links.ts'
import { type Host, Libp2pPeer } from './libp2p-peer.ts'
import type { KeyKind } from './peer.ts'

export interface PetalSide extends Side {
  readonly gossip: GossipService
}

/** Cases dial as often as they like. */
const LIMITS = { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 1000 }
/** Time between rounds of discovery. */
const ROUND_MILLIS = 1000
const NEVER_MILLIS = 86_400_000

export interface PetalOptions {
  readonly key: KeyKind
  readonly network: number
  readonly transport: TransportName
  /** Addresses to look for peers from; without one nobody is looked for. */
  readonly bootstrap?: readonly string[]
}

export async function petalSide({ key, network, transport, bootstrap = [] }: PetalOptions): Promise<PetalSide> {
  const addon = loadAddon()
  useEngineForHostKeys(addon)
  const node = await startPeerNode({
    identity: await (key === 'Ed448' ? generateEd448KeyPair() : generateKeyPair('Ed25519')),
    networkNumber: network,
    host: '127.0.0.1',
    transports: [transport],
    limits: LIMITS,
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
    bootstrap,
    discovery: { roundMillis: bootstrap.length > 0 ? ROUND_MILLIS : NEVER_MILLIS },
  })
  // `startPeerNode` makes these services and tells of a node without them.
  const peer = await Libp2pPeer.of(node.libp2p as Host, () => node.stop())
  return { name: 'Petal', key, peer, gossip: node.gossip, agent: /^petal\//, protocolVersion: 'ipfs/0.1.0' }
}
