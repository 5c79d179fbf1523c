/** Connections to running nodes, for a command that asks them for state. */
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { parseNetworkDescription } from '@petal/core/light/network-description.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
import { dialLightPeer } from '@petal/p2p/light-peer.ts'
import { createLibp2p, type Libp2p } from 'libp2p'
import { LOCAL } from '../chain/local-profile.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { RepairPeers } from './repair.ts'

const DIAL_MILLIS = 10_000
/** Text of a network description that is taken. */
const MAX_DESCRIPTION_BYTES = 1 << 20

/** `from`: multiaddrs, or the http address of a node whose `network.json` names them. Rejects with `NodeError` when nobody answers. */
export async function dialNodes(from: readonly string[]): Promise<RepairPeers> {
  const node = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    // The operator named them, this host included.
    connectionGater: { denyDialMultiaddr: () => false },
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

async function addressesOf(url: string, signal: AbortSignal): Promise<readonly string[]> {
  const response = await fetch(new URL('network.json', url.endsWith('/') ? url : `${url}/`), { signal })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_DESCRIPTION_BYTES) throw new Error('its network.json is too long')
  }
  const { addresses } = parseNetworkDescription(text)
  return addresses.filter((address) => /\/wss?\//.test(address))
}
