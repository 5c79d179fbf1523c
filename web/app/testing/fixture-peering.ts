/** An identity and some gossip for design work: nothing is signed, sent or kept. */
import type { GossipStatus, Peering, PeerMessage, TabIdentity } from '../client.ts'

const IDENTITY: TabIdentity = {
  peerId: 'QmZdNEwLzGqTyXrZXt2vQqEwGxjVjzUqLfTPQGjJtYvLLM',
  publicKey: '5a'.repeat(57),
  protection: 'browser',
  created: Date.UTC(2026, 10, 20),
}
const NODE = 'QmQmcSbHnEXjuxhR5bHvJi1sM2x1JxHhHmWbHHAyBGsfKq'

export function createFixturePeering(): Peering {
  let identity: TabIdentity | null = null
  let forgotten = false
  let published = 0
  let received = 0
  const listeners = new Set<(message: PeerMessage) => void>()
  const own = (): TabIdentity => {
    identity ??= IDENTITY
    forgotten = false
    return identity
  }
  const status = (): GossipStatus => ({
    identity,
    forgotten,
    locked: false,
    running: listeners.size > 0,
    host: listeners.size > 0 ? 'identity' : null,
    dialable: 1,
    peers: listeners.size > 0 ? [{ id: NODE, address: `/ip4/127.0.0.1/tcp/4001/ws/p2p/${NODE}` }] : [],
    topics: listeners.size > 0 ? [{ bitmask: '00', mesh: 1, received }] : [],
    published,
    received,
    dropped: 0,
    refused: 0,
  })
  return {
    identity: async () => own(),
    gossip: async () => status(),
    exportIdentity: async () => new Uint8Array(16),
    importIdentity: async () => own(),
    forgetIdentity: async () => {
      identity = null
      forgotten = true
      listeners.clear()
    },
    protectIdentity: async (by) => {
      identity = { ...own(), protection: by }
      return identity
    },
    unlockIdentity: async () => own(),
    publish: async (_topic, data) => {
      if (forgotten) throw new Error('The identity of this browser was forgotten.')
      published++
      setTimeout(() => {
        received++
        const message = { from: NODE, data, topic: Uint8Array.of(0), verified: true, receivedAt: Date.now() } as const
        for (const listener of listeners) listener(message)
      }, 300)
      return 1
    },
    subscribe: async (_topic, listener) => {
      own()
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
