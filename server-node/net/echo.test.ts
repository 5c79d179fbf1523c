import type { Logger } from '@libp2p/interface'
import { AbstractStream, type SendResult } from '@libp2p/utils'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { echo } from './echo.ts'

const silent = () => undefined
const log: Logger = Object.assign(silent, { error: silent, trace: silent, enabled: false, newScope: () => log })

/** A stream of the library over a muxer that does what a test says. */
class TestStream extends AbstractStream {
  readonly sent: Uint8Array[] = []
  room = true
  failure: Error | undefined

  constructor(maxWriteBufferLength = 1 << 20) {
    super({ id: '1', direction: 'inbound', log, protocol: '', maxWriteBufferLength })
  }

  sendData(data: { subarray(): Uint8Array; byteLength: number }): SendResult {
    if (this.failure !== undefined) throw this.failure
    if (!this.room) return { sentBytes: 0, canSendMore: false }
    this.sent.push(data.subarray())
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  drain(): void {
    this.room = true
    this.onMuxerDrain()
  }

  sendReset(): void {}
  sendPause(): void {}
  sendResume(): void {}
  async sendCloseWrite(): Promise<void> {}
  async sendCloseRead(): Promise<void> {}
}

const ping = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

/** What would end the process of a node. */
let uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
const EVENTS = ['uncaughtException', 'unhandledRejection'] as const
beforeEach(() => {
  uncaught = []
  for (const event of EVENTS) process.on(event, note)
})
afterEach(() => {
  for (const event of EVENTS) process.off(event, note)
})

test('pings come back in their order; a peer that takes none is not read, and is when it does', async () => {
  const stream = new TestStream()
  echo(stream)
  stream.onData(ping(1))
  stream.room = false
  for (const n of [2, 3, 4]) stream.onData(ping(n))
  expect(stream.readStatus).toBe('paused')
  expect(stream.sent).toEqual([ping(1)])
  stream.drain()
  await settled()
  expect(stream.readStatus).toBe('readable')
  expect(Buffer.concat(stream.sent)).toEqual(Buffer.concat([1, 2, 3, 4].map(ping)))
  expect(uncaught).toEqual([])
})

test.each<[string, (stream: TestStream) => unknown]>([
  ['is closed for reading', (stream) => stream.closeRead()],
  ['is closed', (stream) => stream.close()],
  ['is reset', (stream) => stream.onRemoteReset()],
  ['is aborted', (stream) => stream.abort(new Error('gone'))],
  ['loses its connection', (stream) => stream.onTransportClosed()],
])('a stream that drains and %s at once: nothing is thrown', async (_, end) => {
  const stream = new TestStream()
  echo(stream)
  stream.room = false
  stream.onData(ping(1))
  stream.drain()
  end(stream)
  await settled()
  expect(uncaught).toEqual([])
})

test('a connection that fails under an answer ends the stream, and so does one that buffers no more', async () => {
  const failing = new TestStream()
  const full = new TestStream(16)
  for (const stream of [failing, full]) echo(stream)
  failing.failure = new Error('broken pipe')
  full.room = false
  for (const stream of [failing, full]) stream.onData(ping(1))
  await settled()
  expect([failing.status, full.status]).toEqual(['aborted', 'aborted'])
  expect(uncaught).toEqual([])
})
