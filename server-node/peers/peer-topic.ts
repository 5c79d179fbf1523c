/** What goes over the topic of peers: PeerInfo and KeyRegistry, told apart by their type (spec 51 summary 3). */
import type { KeyRegistryBook } from './key-registry-book.ts'
import type { PeerBook } from './peer-book.ts'

const PREFIXES = { peerInfo: 0x0101, keyRegistry: 0x0123 } as const
const PREFIX_BYTES = 4

export type TopicVerdict = 'accept' | 'ignore' | 'reject'

/**
 * Validates a message of the topic and keeps what it says. Accepted ones are passed on at once, never later. `source`: where it came from
 * (`neighbours.ts`).
 */
export function judgePeerTopic(
  bytes: Uint8Array,
  nowMillis: number,
  books: { readonly peers: PeerBook; readonly registries: KeyRegistryBook },
  source: string,
): TopicVerdict {
  if (bytes.length < PREFIX_BYTES) return 'reject'
  switch (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)) {
    case PREFIXES.peerInfo:
      return books.peers.judge(bytes, nowMillis, source).verdict
    case PREFIXES.keyRegistry:
      return books.registries.judge(bytes, nowMillis, 'gossip', source).verdict
    default:
      return 'reject'
  }
}
