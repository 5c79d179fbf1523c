/** Care for HTTP/2 sessions: signs of life, an end to idle ones, errors that belong to one peer (spec 51 section 1). */
import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type Http2Stream,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { RpcLimits } from './limits.ts'

export type KeepAlive = Pick<RpcLimits, 'keepAliveMillis' | 'keepAliveTimeoutMillis' | 'idleMillis'>

export type Answer = (request: Http2ServerRequest, response: Http2ServerResponse) => void

/** Frames that break the protocol, or ask for streams above the limit, before a session ends. */
const INVALID_FRAMES = 100
const REJECTED_STREAMS = 100
/** Streams that a peer opens and resets at once: so many, and a second after that. */
const RESET_BURST = 200
const RESETS_PER_SECOND = 20
const SESSION_MEGABYTES = 32
const HEADER_PAIRS = 64
const OUTSTANDING_PINGS = 4
const SETTINGS_ENTRIES = 32

/** An HTTP/2 server that does not listen: hand it sockets with `openSession`. */
export function sessionServer(limits: RpcLimits, answer: Answer): Http2Server {
  const server = createServer(
    {
      settings: { maxConcurrentStreams: limits.streamsPerConnection, maxHeaderListSize: limits.headerBytes },
      maxSessionInvalidFrames: INVALID_FRAMES,
      maxSessionRejectedStreams: REJECTED_STREAMS,
      maxSessionMemory: SESSION_MEGABYTES,
      maxHeaderListPairs: HEADER_PAIRS,
      maxOutstandingPings: OUTSTANDING_PINGS,
      maxSettings: SETTINGS_ENTRIES,
      streamResetBurst: RESET_BURST,
      streamResetRate: RESETS_PER_SECOND,
    },
    answer,
  )
  server.on('sessionError', () => undefined)
  return server
}

/** Starts HTTP/2 on a connected socket; null, and the socket is closed, when it cannot: the other side may be gone by now. */
export function openSession(server: Http2Server, socket: Socket, limits: RpcLimits): ServerHttp2Session | null {
  let opened: ServerHttp2Session | null = null
  const take = (session: ServerHttp2Session) => {
    opened = session
    session.on('stream', watch(session, limits))
  }
  server.once('session', take)
  try {
    if (!socket.destroyed) server.emit('connection', socket)
  } catch {
    opened = null
  } finally {
    server.off('session', take)
  }
  if (opened === null) socket.destroy()
  return opened
}

/** Ends a session that gives no sign of life, or that had no stream for `idleMillis`. Tell it of each stream that begins. */
export function watch(session: Http2Session, limits: KeepAlive): (stream: Http2Stream) => void {
  let streams = 0
  let lastUse = performance.now()
  session.on('error', () => session.destroy())
  let late: NodeJS.Timeout | undefined
  const beat = setInterval(() => {
    if (session.destroyed || late !== undefined) return
    if (streams === 0 && performance.now() - lastUse >= limits.idleMillis) {
      session.close()
      return
    }
    late = setTimeout(() => session.destroy(), limits.keepAliveTimeoutMillis)
    session.ping((error) => {
      if (error !== null) return
      clearTimeout(late)
      late = undefined
    })
  }, limits.keepAliveMillis)
  session.once('close', () => {
    clearInterval(beat)
    clearTimeout(late)
  })
  return (stream) => {
    streams++
    stream.on('error', () => undefined)
    stream.once('close', () => {
      streams--
      lastUse = performance.now()
    })
  }
}
