import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { expect, test } from 'vitest'
import { drained } from './drained.ts'

const PROTOCOL = '/test/drained/1.0.0'

async function pair(stack: AsyncDisposableStack): Promise<{ sender: Stream; reader: Stream }> {
  const host = async (listen: string[]) => {
    const node = await createLibp2p({
      privateKey: await generateEd448KeyPair(),
      addresses: { listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    })
    stack.defer(() => node.stop())
    return node
  }
  const [a, b] = [await host(['/ip4/127.0.0.1/tcp/0']), await host([])]
  const { promise, resolve } = Promise.withResolvers<Stream>()
  await a.handle(PROTOCOL, (stream) => {
    stream.pause()
    resolve(stream)
  })
  const connection = await b.dial(a.getMultiaddrs())
  return { sender: await connection.newStream(PROTOCOL), reader: await promise }
}

const chunk = new Uint8Array(256 << 10)

/** Sends until the stream wants a pause. */
function fill(stream: Stream): void {
  for (let sent = 0; sent < 1000; sent++) if (!stream.send(chunk)) return
  throw new Error('the stream takes everything')
}

test('a stream that a peer reads slowly waits each time it is full, not only the first time', async () => {
  await using stack = new AsyncDisposableStack()
  const { sender, reader } = await pair(stack)
  reader.addEventListener('message', () => undefined)
  for (let round = 0; round < 3; round++) {
    fill(sender)
    let waited = false
    const waiting = drained(sender, AbortSignal.timeout(20_000)).then(() => {
      waited = true
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(waited).toBe(false)
    reader.resume()
    await waiting
    if (round < 2) reader.pause()
  }
})

test('it ends with the signal and with the stream', async () => {
  await using stack = new AsyncDisposableStack()
  const { sender } = await pair(stack)
  await drained(sender, AbortSignal.timeout(1000))
  fill(sender)
  await expect(drained(sender, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  const waiting = drained(sender, AbortSignal.timeout(20_000))
  sender.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
})
