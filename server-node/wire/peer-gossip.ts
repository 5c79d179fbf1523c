/** What nodes say of themselves over gossip, and alerts (spec 51 sections 2 and 3, 53 section 8). */

import { keys as keyMessages } from '@petal/core/codec/index.ts'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { type Identity, signKeyRegistry } from '@petal/core/identity/index.ts'
import type { GossipService } from '@petal/p2p/gossip/index.ts'
import type { FrameSource } from '../chain/source.ts'
import type { Addon } from '../crypto/addon.ts'
import type { AlertDesk } from '../peers/alerts.ts'
import { startAnnouncing } from '../peers/announcer.ts'
import type { KeyRegistryBook } from '../peers/key-registry-book.ts'
import type { Neighbours } from '../peers/neighbours.ts'
import { makePeerInfo, masterAddresses, ownCapabilities } from '../peers/own-peer-info.ts'
import type { PeerBook } from '../peers/peer-book.ts'
import { judgePeerTopic } from '../peers/peer-topic.ts'

/** Between two looks whether anybody listens. */
const LISTENERS_MILLIS = 500

export interface PeerGossipParts {
  readonly gossip: GossipService
  readonly engine: Addon
  readonly identity: Identity
  /** BLS secret of the prover, 73 bytes. */
  readonly proverSecret: Uint8Array
  readonly peers: PeerBook
  readonly registries: KeyRegistryBook
  readonly neighbours: Neighbours
  readonly alerts: AlertDesk
  readonly source: FrameSource
  /** It makes frames, and keeps all of them. */
  readonly archive: boolean
  addresses(): readonly string[]
  readonly streamPort: number
  onFailure(error: unknown): void
}

/** Listens and speaks until the returned function is called. */
export function startPeerGossip(parts: PeerGossipParts): () => void {
  const { gossip, peers, registries, neighbours, alerts, onFailure } = parts
  const stops = [
    gossip.subscribe(GLOBAL_TOPICS.peerInfo, {
      validate: ({ data }, peer) => judgePeerTopic(data, Date.now(), { peers, registries }, neighbours.sourceOf(peer)),
      deliver: () => undefined,
    }),
    gossip.subscribe(GLOBAL_TOPICS.alert, {
      // What cannot be written down is not passed on either: it would act again after the next start.
      validate: ({ data }) => alerts.judge(data),
      deliver: () => undefined,
    }),
  ]
  stops.push(
    onceHeard(gossip, () => {
      const stop = startAnnouncing({
        make: () => records(parts),
        publish: async (bytes) => void (await gossip.publish(GLOBAL_TOPICS.peerInfo, bytes)),
        onFailure,
      })
      stops.push(stop)
    }),
  )
  return () => {
    for (const stop of stops) stop()
  }
}

/** Starts when somebody listens: what is said before that is said to nobody. */
function onceHeard(gossip: GossipService, start: () => void): () => void {
  const timer = setInterval(() => {
    if (gossip.meshOf(GLOBAL_TOPICS.peerInfo).length === 0) return
    clearInterval(timer)
    start()
  }, LISTENERS_MILLIS)
  return () => clearInterval(timer)
}

function records(parts: PeerGossipParts): readonly Uint8Array[] {
  const { identity, engine, proverSecret, peers, registries, source, archive, streamPort } = parts
  const head = source.head().number
  const listening = parts.addresses().map(withoutPeer)
  const now = Date.now()
  const own = makePeerInfo({
    identity,
    engine,
    master: masterAddresses({ announced: { pubsub: [], stream: [] }, observed: [], listening, streamPort }),
    capabilities: ownCapabilities(archive),
    lastReceivedFrame: head,
    lastGlobalHeadFrame: head,
    nowMillis: now,
  })
  peers.published(own.info)
  // Keys of other purposes (onion, view, spend) are named when something here uses them: naming them ties an account to this machine.
  const registry = signKeyRegistry({ identity, proverSecret, subKeys: new Map(), lastUpdated: BigInt(now) }, engine)
  registries.keepOwn(registry)
  return [own.bytes, keyMessages.KeyRegistry.encode(registry)]
}

/** PeerInfo carries the id once, not in every address. */
const withoutPeer = (address: string): string => address.replace(/\/p2p\/[^/]+$/, '')
