import { describe, expect, test } from 'vitest'
import { createLightPeer, type LightStream } from './light-peer.ts'
import { decodeRequest, encodeResponse, type LightRequest, type LightResponse, readFrames } from './wire.ts'

type Reply = Uint8Array | 'silence' | 'end'
/** A peer whose server is `answer`; counts streams and closings. */
function peerOf(answer: (request: LightRequest) => readonly Reply[]) {
  const seen = { streams: 0, closed: 0, requests: [] as LightRequest[] }
  const peer = createLightPeer({
    id: 'peer',
    address: 'memory',
    transport: 'memory',
    network: 'local',
    profile: '2.1.0.24',
    close: async () => {},
    openStream: async (): Promise<LightStream> => {
      seen.streams++
      const inbound = new TransformStream<Uint8Array, Uint8Array>(
        undefined,
        { highWaterMark: 64 },
        { highWaterMark: 64 },
      )
      const writer = inbound.writable.getWriter()
      const requests = new TransformStream<Uint8Array, Uint8Array>(
        undefined,
        { highWaterMark: 64 },
        { highWaterMark: 64 },
      )
      const sink = requests.writable.getWriter()
      void (async () => {
        for await (const message of readFrames(requests.readable as unknown as AsyncIterable<Uint8Array>, 1024)) {
          const request = decodeRequest(message)
          seen.requests.push(request)
          for (const reply of answer(request)) {
            if (reply === 'silence') continue
            if (reply === 'end') await writer.close()
            else await writer.write(reply)
          }
        }
      })().catch(() => {})
      return {
        source: inbound.readable as unknown as AsyncIterable<Uint8Array>,
        write: (bytes) => sink.write(bytes),
        close: () => {
          seen.closed++
          writer.abort().catch(() => {})
        },
      }
    },
  })
  return { peer, seen }
}
const never = new AbortController().signal
const response = (r: LightResponse): Uint8Array => encodeResponse(r)
const header = (n: number): Uint8Array => Uint8Array.of(n, n, n)
const hello = { network: 'local', profile: '2.1.0.24', head: 9n, oldest: 1n, maxHeaders: 32 }

describe('questions', () => {
  test('are answered in order over one stream, also when asked together', async () => {
    const { peer, seen } = peerOf((request) => {
      if (request.kind === 'hello') return [response({ kind: 'hello', hello })]
      if (request.kind === 'headers') return [response({ kind: 'headers', headers: [header(Number(request.from))] })]
      return [response({ kind: 'head', header: header(9) })]
    })
    const answers = await Promise.all([peer.hello(never), peer.head(never), peer.headers(5n, 2, never)])
    expect(answers).toEqual([hello, header(9), [header(5)]])
    expect(seen.streams).toBe(1)
    expect(peer.traffic().received).toBeGreaterThan(20)
    expect(peer.traffic().sent).toBeGreaterThan(10)
  })

  test('a refusal keeps the stream and has its own code', async () => {
    const { peer, seen } = peerOf((request) =>
      request.kind === 'head'
        ? [response({ kind: 'head', header: header(1) })]
        : [response({ kind: 'error', code: 'notFound', message: 'not here' })],
    )
    await expect(peer.headers(7n, 1, never)).rejects.toMatchObject({ code: 'notFound' })
    expect(await peer.head(never)).toEqual(header(1))
    expect(seen.streams).toBe(1)
  })

  test('silence ends with the signal, and the late answer is not taken for the next one', async () => {
    let silent = true
    const { peer, seen } = peerOf(() => (silent ? ['silence'] : [response({ kind: 'head', header: header(2) })]))
    await expect(peer.head(AbortSignal.timeout(20))).rejects.toMatchObject({ code: 'timeout' })
    await expect(peer.head(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    silent = false
    expect(await peer.head(never)).toEqual(header(2))
    expect(seen.streams).toBe(2)
    expect(seen.closed).toBe(1)
  })

  test.each<[string, Reply, string]>([
    ['garbage', Uint8Array.of(3, 1, 2, 3), 'protocol'],
    ['an oversized length', Uint8Array.of(0xff, 0xff, 0xff, 0x7f), 'protocol'],
    ['another kind', response({ kind: 'hello', hello }), 'protocol'],
    ['the end', 'end', 'closed'],
  ])('%s is %s', async (_what, reply, code) => {
    const { peer } = peerOf(() => [reply])
    await expect(peer.head(never)).rejects.toMatchObject({ name: 'PeerError', code })
  })

  test('a stream that the server closed while it was idle is opened anew', async () => {
    let answers = 0
    const { peer, seen } = peerOf(() => {
      const head = response({ kind: 'head', header: header(answers++) })
      return answers === 1 ? [head, 'end'] : [head]
    })
    expect(await peer.head(never)).toEqual(header(0))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await peer.head(never)).toHaveLength(3)
    expect(seen.streams).toBe(2)
  })

  test('more headers than asked for break the protocol', async () => {
    const { peer } = peerOf(() => [response({ kind: 'headers', headers: [header(1), header(2)] })])
    await expect(peer.headers(1n, 1, never)).rejects.toMatchObject({ code: 'protocol' })
  })

  test('after close there is no answer', async () => {
    const { peer } = peerOf(() => [])
    await peer.close()
    await expect(peer.head(never)).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('subscription', () => {
  test('hands out heads until the signal fires, beside the questions', async () => {
    const { peer, seen } = peerOf((request) =>
      request.kind === 'subscribe'
        ? [response({ kind: 'head', header: header(1) }), response({ kind: 'head', header: header(2) })]
        : [response({ kind: 'head', header: header(3) })],
    )
    const stop = new AbortController()
    const heads: Uint8Array[] = []
    const done = peer.subscribe((head) => {
      heads.push(head)
      if (heads.length === 2) stop.abort()
    }, stop.signal)
    expect(await peer.head(never)).toEqual(header(3))
    await done
    expect(heads).toEqual([header(1), header(2)])
    expect(seen.streams).toBe(2)
  })

  test('fails with the peer', async () => {
    const { peer } = peerOf(() => ['end'])
    await expect(peer.subscribe(() => {}, never)).rejects.toMatchObject({ code: 'closed' })
  })

  const alert = (n: number): Uint8Array => new Uint8Array(20).fill(n)
  /** Subscribes until `heads` heads were heard. */
  const listen = async (peer: ReturnType<typeof peerOf>['peer'], heads: number) => {
    const stop = new AbortController()
    const heard: unknown[] = []
    let left = heads
    const onHead = ([first]: Uint8Array) => {
      heard.push(first)
      if (--left === 0) stop.abort()
    }
    await peer.subscribe(onHead, stop.signal, (alerts) => heard.push(alerts.map(([first]) => first)))
    return heard
  }

  test('OPS-08 asks for alerts on its stream first, and hands out later ones', async () => {
    const { peer, seen } = peerOf((request) =>
      request.kind === 'alerts'
        ? [response({ kind: 'alerts', alerts: [alert(2), alert(1)] })]
        : [
            response({ kind: 'head', header: header(7) }),
            response({ kind: 'alerts', alerts: [alert(3)] }),
            response({ kind: 'head', header: header(8) }),
          ],
    )
    expect(await listen(peer, 2)).toEqual([[2, 1], 7, [3], 8])
    expect(seen.requests.map(({ kind }) => kind)).toEqual(['alerts', 'subscribe'])
    expect(seen.streams).toBe(1)
  })

  test.each([
    ['refuses the question as malformed', [response({ kind: 'error', code: 'badRequest', message: 'unknown kind' })]],
    ['refuses it and ends the stream', [response({ kind: 'error', code: 'badRequest', message: '' }), 'end' as const]],
    ['resets the stream without a word', ['end' as const]],
  ])('a node of an earlier version that %s is subscribed to on another stream', async (_, reply) => {
    const { peer, seen } = peerOf((request) =>
      request.kind === 'alerts' ? reply : [response({ kind: 'head', header: header(7) })],
    )
    expect(await listen(peer, 1)).toEqual([7])
    expect(seen.streams).toBe(2)
    expect(seen.requests.map(({ kind }) => kind)).toEqual(['alerts', 'subscribe'])
  })

  test('a node that has no alerts to give now is subscribed to on the same stream', async () => {
    const { peer, seen } = peerOf((request) =>
      request.kind === 'alerts'
        ? [response({ kind: 'error', code: 'rateLimited', message: 'later' })]
        : [response({ kind: 'head', header: header(7) })],
    )
    expect(await listen(peer, 1)).toEqual([7])
    expect(seen.streams).toBe(1)
  })

  test('alerts to somebody who did not ask, and anything else instead of them, are not the protocol', async () => {
    const unasked = peerOf(() => [response({ kind: 'alerts', alerts: [] })])
    await expect(unasked.peer.subscribe(() => {}, never)).rejects.toMatchObject({ code: 'protocol' })
    const other = peerOf(() => [response({ kind: 'head', header: header(7) })])
    await expect(listen(other.peer, 1)).rejects.toMatchObject({ code: 'protocol' })
  })
})
