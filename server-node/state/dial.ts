/** Connections to running nodes, for a command that asks them for state. */
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { parseNetworkDescription } from '@petal/core/light/network-description.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
import { dialLightPeer } from '@petal/p2p/light-peer.ts'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { createLibp2p, type Libp2p } from 'libp2p'
import { LOCAL } from '../chain/local-profile.ts'
import { messageOf, NodeError } from '../errors.ts'
import { fetchDescription, readJoinTarget } from '../follow/join-target.ts'
import type { RepairPeers } from './repair.ts'

const DIAL_MILLIS = 10_000

/** `from`: multiaddrs, or the http address of a node whose `network.json` names them. Rejects with `NodeError` when nobody answers. */
export async function dialNodes(from: readonly string[]): Promise<RepairPeers> {
  const node = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    // The operator named them, this host included.
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
  })
  try {
    const sources = await dialAll(node, from)
    return {
      sources,
      close: async () => {
        await Promise.all(sources.map((peer) => peer.close()))
        await node.stop()
      },
    }
  } catch (error) {
    await node.stop()
    throw error
  }
}

async function dialAll(node: Libp2p, from: readonly string[]): Promise<readonly LightPeer[]> {
  const greeting = { network: LOCAL.network, profile: LOCAL.profile }
  const peers: LightPeer[] = []
  const failures: string[] = []
  for (const name of from) {
    try {
      const signal = () => AbortSignal.timeout(DIAL_MILLIS)
      const [address] = name.startsWith('/') ? [name] : await addressesOf(name, signal())
      if (address === undefined) throw new Error('its network.json names no WebSocket address')
      peers.push(await dialLightPeer(node, 'websocket', address, greeting, signal()))
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`)
    }
  }
  if (peers.length === 0) throw new NodeError('data', `no node answers: ${failures.join('; ')}`)
  return peers
}

/** WebSocket addresses of the node that serves a page. */
async function addressesOf(page: string, signal: AbortSignal): Promise<readonly string[]> {
  const target = readJoinTarget(page)
  if (target.kind !== 'page') throw new Error('it is neither an address of libp2p nor of a page')
  const { addresses } = parseNetworkDescription(await fetchDescription(target.url, signal))
  return addresses.filter((address) => /\/wss?\//.test(address))
}
