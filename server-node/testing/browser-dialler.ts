/** Runs in Chromium (bundled by `chromium.ts`): dials a node as a page does, with the libp2p transports for browsers, and talks to it. */
import { identify } from '@libp2p/identify'
import type { PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { webTransport } from '@libp2p/webtransport'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { decodeResponse, encodeRequest, FrameDecoder, WIRE_LIMITS } from '@petal/core/light/wire.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'
import { LYING_KEYS } from '../net/lying-keys.testing.ts'
import { type Misuse, misuse as misuseOf } from '../net/misuse.testing.ts'

/** With libp2p's transports for browsers, and no manners. */
function browserPeer(privateKey?: PrivateKey) {
  return createLibp2p({
    ...(privateKey ? { privateKey } : {}),
    transports: [webSockets(), webRTCDirect(), webTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
}

/** Kinds of the answers to hello, four times 32 headers, and subscribe with `heads` heads after it; or why it failed. */
export async function talk(address: string, heads: number): Promise<readonly string[] | { readonly error: string }> {
  const node = await browserPeer()
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

/** Whether a peer with this one of `LYING_KEYS` is let in. */
export async function lie(address: string, name: string): Promise<boolean> {
  const make = LYING_KEYS[name]
  if (make === undefined) throw new Error(`no such lie: ${name}`)
  const { key, lie: begin } = await make()
  const node = await browserPeer(key)
  begin()
  try {
    // A refusal may follow the last message of the handshake.
    const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(10_000) })
    await connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(10_000) })
    return true
  } catch {
    return false
  } finally {
    await node.stop()
  }
}

/** Opens so many streams at one time and answers how many the node agreed to speak on. */
export async function openStreams(address: string, count: number): Promise<number> {
  const node = await browserPeer()
  try {
    const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(10_000) })
    const opening = Array.from({ length: count }, () =>
      connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(10_000) }),
    )
    const settled = await Promise.allSettled(opening)
    return settled.filter(({ status }) => status === 'fulfilled').length
  } finally {
    await node.stop()
  }
}

/** A page of Chromium crashes when it sends 64 MiB and reads none of what comes back. */
const ECHO_BYTES = 4 << 20

/** Opens an echo and so many streams, asks on them for as much as a peer may, and reads nothing. */
export async function misuse(address: string, streams: number): Promise<Misuse> {
  const node = await browserPeer()
  try {
    const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(10_000) })
    return await misuseOf(connection, streams, ECHO_BYTES)
  } finally {
    await node.stop()
  }
}

/** A WebTransport session of the browser's own. */
export interface RawSession {
  /** With the path and the query. */
  readonly url: string
  /** SHA-256 of the server's certificate. */
  readonly certificate: readonly number[]
  /** Written one after another to the first stream; without it no stream is opened. */
  readonly writes?: readonly (readonly number[])[]
  /** Streams opened after it, in which nothing is said. */
  readonly streams?: number
}

/** Whether the server takes the sessions; resolves when it has ended each of them. */
export function rawSessions(sessions: readonly RawSession[]): Promise<readonly ('refused' | 'closed')[]> {
  return Promise.all(sessions.map(rawSession))
}

async function rawSession({ url, certificate, writes, streams = 0 }: RawSession): Promise<'refused' | 'closed'> {
  const hash = { algorithm: 'sha-256', value: Uint8Array.from(certificate) }
  const session = new WebTransport(url, { serverCertificateHashes: [hash] })
  const closed = session.closed.then(
    () => 'closed' as const,
    () => 'closed' as const,
  )
  try {
    await session.ready
  } catch {
    await closed
    return 'refused'
  }
  // Fails when the server ends the session.
  write(session, writes, streams).catch(() => undefined)
  return closed
}

async function write(session: WebTransport, writes: RawSession['writes'], streams: number): Promise<void> {
  if (writes !== undefined) {
    const writer = (await session.createBidirectionalStream()).writable.getWriter()
    for (const bytes of writes) await writer.write(Uint8Array.from(bytes))
  }
  await Promise.all(Array.from({ length: streams }, () => session.createBidirectionalStream()))
}

const functions = { talk, lie, openStreams, misuse, rawSessions }
/** What a test can ask of the page. */
export type PageFunctions = typeof functions

Object.assign(globalThis, functions)
