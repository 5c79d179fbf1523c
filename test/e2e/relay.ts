/** A node between the page and an honest one: passes questions on, and changes what it likes in the answers. */

import { webSockets } from '@libp2p/websockets'
import type { LightRequest, LightResponse } from '../../core/light/wire.ts'
import { type LightPeer, PeerError } from '../../core/platform/network.ts'
import { createDialer } from '../../web/client/transports/libp2p-peer.ts'
import { type Bridge, startBridge } from './bridge.ts'

export type Change = (response: LightResponse, request: LightRequest) => LightResponse

/** Answers of the node at `address`, each passed through `change`. */
export async function startRelay(
  address: string,
  greeting: { readonly network: string; readonly profile: string },
  change: Change,
): Promise<Bridge> {
  const dialer = await createDialer('websocket', webSockets())
  const peer = await dialer.dial(address, greeting, AbortSignal.timeout(10_000))
  const bridge = await startBridge(async (request) => change(await ask(peer, request), request))
  return {
    address: bridge.address,
    asked: bridge.asked,
    hangUp: bridge.hangUp,
    [Symbol.asyncDispose]: async () => {
      await bridge[Symbol.asyncDispose]()
      await peer.close()
      await dialer.stop()
    },
  }
}

async function ask(peer: LightPeer, request: LightRequest): Promise<LightResponse> {
  const signal = AbortSignal.timeout(10_000)
  const { values } = peer
  try {
    switch (request.kind) {
      case 'hello':
        return { kind: 'hello', hello: await peer.hello(signal) }
      case 'head':
      case 'subscribe':
        return { kind: 'head', header: await peer.head(signal) }
      case 'headers':
        return { kind: 'headers', headers: await peer.headers(request.from, request.count, signal) }
      default:
        if (values === undefined) throw new PeerError('notFound', 'no state')
    }
    switch (request.kind) {
      case 'state':
        return { kind: 'state', state: await values.state(request.question, signal) }
      case 'shard':
        return { kind: 'shard', shard: await values.shard(request.domain, request.frame, signal) }
      case 'sync':
        return { kind: 'sync', response: await values.sync(request.query, signal) }
      default:
        throw new PeerError('notFound', 'only nodes are asked for that')
    }
  } catch (error) {
    return { kind: 'error', code: 'notFound', message: error instanceof Error ? error.message : String(error) }
  }
}
