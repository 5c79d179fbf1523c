/** Where nodes of one network find each other in the DHT (spec 50 section 3; P2P-07). */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

const NAMED_NETWORKS: Readonly<Record<number, string>> = { 0: 'mainnet', 1: 'testnet-primary' }

/** Namespace text of a network number; each network has its own (hazard P2P-H9). */
export const dhtNamespace = (network: number): string =>
  `quilibrium-2.0.2-dusk-${NAMED_NETWORKS[network] ?? `network-${network}`}`

/** Key of the provider records: multihash of the namespace, 34 bytes. */
export const providerKey = (namespace: string): Uint8Array =>
  concatBytes(Uint8Array.of(0x12, 0x20), sha256(utf8ToBytes(namespace)))

/** The same as a CID (version 1, raw), 36 bytes. */
export const providerCid = (namespace: string): Uint8Array =>
  concatBytes(Uint8Array.of(0x01, 0x55), providerKey(namespace))

/** Protocol id of Kademlia on a network. */
export const kademliaProtocol = (network: number): string => (network === 0 ? '/ipfs/kad/1.0.0' : '/testnet/kad/1.0.0')
