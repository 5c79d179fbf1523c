/** A tab as a peer without its page: real identity, IndexedDB in memory, real libp2p. */
import 'fake-indexeddb/auto'
import { shardTopics } from '@petal/core/gossip/topics.ts'
import { afterEach, expect, vi } from 'vitest'
// biome-ignore lint/style/noRestrictedImports: the real engine; only tests import this file
import { loadNativeEngine } from '../../../test/engines/native.ts'
import { PeerHost, type PeerHostParts } from '../gossip/peer-host.ts'
import type { GossipStatus, PeerMessage } from '../gossip/peer-types.ts'
import type { PeerAnswers, PeerWish } from '../gossip/wishes.ts'
import { browserIdentityStore } from '../identity/identity-store.ts'
import { type GossipNode, startGossipNode } from './gossip-node.ts'

export const TOPIC = shardTopics(new Uint8Array(32).fill(9)).frame
/** Stopped after each test, the last first. */
export const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
  indexedDB.deleteDatabase('petal-identity')
})

export interface Tab {
  readonly host: PeerHost
  readonly heard: PeerMessage[]
  ask<K extends PeerWish['kind']>(wish: Extract<PeerWish, { kind: K }>): Promise<PeerAnswers[K]>
  code(wish: PeerWish): Promise<string>
}

export function tab(addresses: readonly string[], parts: Partial<PeerHostParts> = {}): Tab {
  const heard: PeerMessage[] = []
  const host = new PeerHost({
    store: browserIdentityStore(),
    engine: async () => loadNativeEngine(),
    networkNumber: 99,
    addresses: () => addresses,
    head: () => null,
    verify: async () => {},
    deliver: (deliveries) => void heard.push(...deliveries.map(({ message }) => message)),
    share: () => {},
    onError: (error) => {
      throw error
    },
    log2N: 10,
    ...parts,
  })
  open.push(host)
  return {
    host,
    heard,
    ask: async (wish) => {
      const outcome = await host.ask(wish)
      if (outcome.kind === 'failed') throw new Error(`${outcome.code}: ${outcome.reason}`)
      return outcome.answer as never
    },
    code: async (wish) => {
      const outcome = await host.ask(wish)
      return outcome.kind === 'failed' ? outcome.code : 'done'
    },
  }
}

export async function node(topics: readonly Uint8Array[]): Promise<GossipNode> {
  const started = await startGossipNode(topics)
  open.push(started)
  return started
}

export const until = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 20 })
export const bytesOf = (text: string) => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
export const status = (one: Tab): Promise<GossipStatus> => one.ask({ kind: 'status' })

export async function listening(one: Tab): Promise<void> {
  await one.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  await until(async () => expect((await status(one)).topics[0]?.mesh).toBeGreaterThan(0))
}
