/** Sentences about the tab as a peer. */
import type { GossipStatus, TabIdentity } from '../client.ts'

const PROTECTIONS: Readonly<Record<TabIdentity['protection'], string>> = {
  browser: 'This browser',
  passkey: 'Your passkey',
  memory: 'Nobody: it ends with this tab',
}

export const protectionWords = (protection: TabIdentity['protection']): string => PROTECTIONS[protection]

/** What a person has to know about how this tab is connected. */
export function hostWords({ dialable, host, peers, running }: GossipStatus): string {
  if (!running) return 'Not connected for gossip yet.'
  if (dialable === 0)
    return 'This network names no address that gossip can be spoken over in this browser: that needs WebSocket or WebTransport.'
  if (peers.length === 0) return 'Looking for a node that gossips.'
  const nodes = peers.length === 1 ? 'one node' : `${peers.length} nodes`
  return host === 'throwaway'
    ? `Gossips with ${nodes}. Another tab is connected as this identity, so this one shows a throw-away key and signs as the identity.`
    : `Gossips with ${nodes}, as this identity.`
}

/** `Qmabc…uvwxyz`: enough to tell peers apart. */
export const briefPeer = (peerId: string): string => `${peerId.slice(0, 8)}…${peerId.slice(-6)}`

export const FORGOTTEN_WORDS =
  'The identity of this browser was forgotten, here or in another tab. This tab takes part in gossip no more.'

/** Why a network has nothing to take part in. */
export const NO_DEMONSTRATION_WORDS =
  'On this network there is no topic to try gossip out on: its nodes have other things to pass on. It is there on networks that people run for themselves.'
