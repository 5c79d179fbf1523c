/** Kademlia of a network (docs/protocol/50-p2p.md section 3). */
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { dhtNamespace, kademliaProtocol, providerCid } from '@petal/core/identity/namespace.ts'
import { CID } from 'multiformats/cid'

export type Kademlia = KadDHT

/**
 * Mainnet keeps to public addresses, and a node is a client while it has none itself: the library sees to it where no mode is named. Other
 * networks may be one machine, where each node serves.
 */
export function kademlia(network: number): ReturnType<typeof kadDHT> {
  const mainnet = network === 0
  return kadDHT({
    protocol: kademliaProtocol(network),
    ...(mainnet ? {} : { clientMode: false }),
    peerInfoMapper: mainnet ? removePrivateAddressesMapper : passthroughMapper,
    maxInboundStreams: 16,
    maxOutboundStreams: 32,
  })
}

/** What nodes of a network provide, to be found. */
export const namespaceCid = (network: number): CID => CID.decode(providerCid(dhtNamespace(network)))
