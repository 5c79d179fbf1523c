/** Runs in Chromium (bundled by `chromium.ts`): dials a node as a page does, with the libp2p transports for browsers, and talks to it. */
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { webTransport } from '@libp2p/webtransport'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { decodeResponse, encodeRequest, FrameDecoder, WIRE_LIMITS } from '@petal/core/light/wire.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'

/** Kinds of the answers to hello, four times 32 headers, and subscribe with `heads` heads after it; or why it failed. */
export async function talk(address: string, heads: number): Promise<readonly string[] | { readonly error: string }> {
  const node = await createLibp2p({
    transports: [webSockets(), webRTCDirect(), webTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  try {
    const signal = AbortSignal.timeout(10_000)
    const stream = await node.dialProtocol(multiaddr(address), LIGHT_PROTOCOL, { signal })
    const answers: string[] = []
    const decoder = new FrameDecoder(WIRE_LIMITS.messageBytes)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    stream.addEventListener('close', ({ error }) => reject(error ?? new Error('closed')))
    stream.addEventListener('message', ({ data }) => {
      for (const message of decoder.push(data.subarray())) {
        const answer = decodeResponse(message)
        answers.push(answer.kind === 'headers' ? `headers ${answer.headers.length}` : answer.kind)
      }
      if (answers.length >= 6 + heads) resolve()
    })
    stream.send(encodeRequest({ kind: 'hello', network: '', profile: '' }))
    for (let i = 0; i < 4; i++) stream.send(encodeRequest({ kind: 'headers', from: 10n, count: 32 }))
    stream.send(encodeRequest({ kind: 'subscribe' }))
    await promise
    await stream.close()
    return answers.slice(0, 6 + heads)
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  } finally {
    await node.stop()
  }
}

Object.assign(globalThis, { talk })
