/** What an authenticated peer does that wants a node's memory, over any transport, also from a page: it asks and reads nothing. */
import type { Connection, Stream } from '@libp2p/interface'
import { encodeRequest } from '@petal/core/light/wire.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { drained } from '@petal/p2p/drained.ts'
import { PING_PROTOCOL } from './echo.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'

/** More than anybody keeps of an echo. */
const ECHO_BYTES = 64 << 20

/** Whether there was an echo that nobody reads, and a stream whose answers nobody reads. */
export interface Misuse {
  readonly isEchoOpen: boolean
  readonly isLightOpen: boolean
}

export const UNREAD: Misuse = { isEchoOpen: true, isLightOpen: true }

/** An echo, then many streams; what is asked for is never read. The echo is first, while the node still takes streams. */
export async function misuse(connection: Connection, streams: number, echoBytes = ECHO_BYTES): Promise<Misuse> {
  const signal = AbortSignal.timeout(15_000)
  const headers = encodeRequest({ kind: 'headers', from: 1n, count: 32 })
  const echo = await unread(connection, PING_PROTOCOL, signal).catch(() => undefined)
  const filling = echo && fill(echo, new Uint8Array(32 << 10).fill(7), echoBytes)
  const opening = Array.from({ length: streams }, async () => {
    const stream = await unread(connection, LIGHT_PROTOCOL, signal)
    for (let asked = 0; asked < DEFAULT_NET_LIMITS.requestBurst; asked++) stream.send(headers)
  })
  const [, ...opened] = await Promise.allSettled([filling, ...opening])
  return { isEchoOpen: echo !== undefined, isLightOpen: opened.some(({ status }) => status === 'fulfilled') }
}

async function unread(connection: Connection, protocol: string, signal: AbortSignal): Promise<Stream> {
  const stream = await connection.newStream(protocol, { signal })
  stream.pause()
  return stream
}

/** Writes as long as the node takes more. */
async function fill(stream: Stream, bytes: Uint8Array, most: number): Promise<void> {
  for (let sent = 0; sent < most && stream.writeStatus === 'writable'; sent += bytes.length) {
    if (!stream.send(bytes)) await drained(stream, AbortSignal.timeout(2_000))
  }
}
