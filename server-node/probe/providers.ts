/**
 * One question to one peer: who provides the namespace of the network (spec 50 section 3)? Kademlia of the node (`net/discovery`) asks many
 * peers and dials what it learns; a probe must not, so it has the message of libp2p's Kademlia for itself.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { dhtNamespace, kademliaProtocol, providerKey } from '@petal/core/identity/index.ts'
import { base58btc } from 'multiformats/bases/base58'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { ProbeError } from './failures.ts'
import { peerText } from './peer-text.ts'
import type { Learned, LearnedPeer } from './report.ts'

export const PROVIDER_LIMITS = {
  /** Longest answer that is read: bootstrap peers of mainnet send up to about 500 KB (spec 50 section 3). */
  bytes: 1 << 20,
  /** Peers that are named to the reader, and addresses of each; the rest is counted. */
  peers: 20,
  addresses: 8,
  /** Characters of an address. */
  characters: 300,
} as const

const GET_PROVIDERS = 3
const FIELD = { type: 1, key: 2, closerPeers: 8, providerPeers: 9 } as const
const PEER_FIELD = { id: 1, addresses: 2 } as const

/** Asks, and reads the answer. Rejects with `ProbeError` `protocol`, and with errors of libp2p. */
export async function askProviders(connection: Connection, network: number, signal: AbortSignal): Promise<Learned> {
  const stream = await connection.newStream(kademliaProtocol(network), { signal })
  try {
    const messages = lpStream(stream, { maxDataLength: PROVIDER_LIMITS.bytes })
    await messages.write(providersRequest(network), { signal })
    const answer = (await messages.read({ signal })).subarray()
    await stream.close({ signal }).catch((error: Error) => stream.abort(error))
    return readAnswer(answer)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

/** Bytes of the question. */
export function providersRequest(network: number): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(FIELD.type, WireType.Varint).int32(GET_PROVIDERS)
  writer.tag(FIELD.key, WireType.LengthDelimited).bytes(providerKey(dhtNamespace(network)))
  return writer.finish()
}

/** Reads an answer: counts everybody in it, keeps the first. Throws `ProbeError` `protocol` for bytes that are none. */
export function readAnswer(bytes: Uint8Array): Learned {
  const found = { providers: [] as LearnedPeer[], closer: [] as LearnedPeer[] }
  const count = { providers: 0, closer: 0 }
  try {
    let type = 0
    for (const { field, wire, reader } of fieldsOf(bytes)) {
      if (field === FIELD.type && wire === WireType.Varint) type = reader.int32()
      else if ((field === FIELD.closerPeers || field === FIELD.providerPeers) && wire === WireType.LengthDelimited) {
        const kind = field === FIELD.providerPeers ? 'providers' : 'closer'
        const peer = reader.bytes()
        count[kind]++
        if (found[kind].length < PROVIDER_LIMITS.peers) found[kind].push(readPeer(peer))
      } else reader.skip(wire, field)
    }
    if (type !== GET_PROVIDERS) throw new Error(`a message of type ${type}`)
  } catch (error) {
    throw new ProbeError('protocol', 'what it answers to GET_PROVIDERS cannot be read', { cause: error })
  }
  const named = [
    ...found.providers.map((peer) => ({ ...peer, provider: true })),
    ...found.closer.map((peer) => ({ ...peer, provider: false })),
  ]
  return { ...count, bytes: bytes.length, first: named.slice(0, PROVIDER_LIMITS.peers) }
}

function readPeer(bytes: Uint8Array): LearnedPeer {
  let peerId = ''
  const addresses: string[] = []
  for (const { field, wire, reader } of fieldsOf(bytes)) {
    if (field === PEER_FIELD.id && wire === WireType.LengthDelimited) peerId = idText(reader.bytes())
    else if (field === PEER_FIELD.addresses && wire === WireType.LengthDelimited) {
      const address = addressText(reader.bytes())
      if (address !== undefined && addresses.length < PROVIDER_LIMITS.addresses) addresses.push(address)
    } else reader.skip(wire, field)
  }
  if (peerId === '') throw new Error('a peer without an id')
  return { peerId, addresses }
}

function* fieldsOf(bytes: Uint8Array): Generator<{ field: number; wire: WireType; reader: BinaryReader }> {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    yield { field, wire, reader }
  }
}

/** Longest id that a peer has: base58 takes time that grows with the square of the length. */
const LONGEST_ID = 64

function idText(bytes: Uint8Array): string {
  if (bytes.length > LONGEST_ID) throw new Error(`a peer id of ${bytes.length} bytes`)
  decodeMultihash(bytes)
  return base58btc.encode(bytes).slice(1)
}

/** Nothing for what is no address: one bad address does not spoil the answer. */
function addressText(bytes: Uint8Array): string | undefined {
  if (bytes.length > PROVIDER_LIMITS.characters) return undefined
  try {
    return peerText(multiaddr(bytes).toString(), PROVIDER_LIMITS.characters)
  } catch {
    return undefined
  }
}
