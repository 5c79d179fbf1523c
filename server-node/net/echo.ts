/**
 * Answers pings. libp2p's own handler goes on reading while a peer takes no answers, and keeps all that comes for as long as a ping may
 * last: here the stream rests until the peer has read.
 */
import type { Libp2p, Stream } from '@libp2p/interface'
import { drained } from '@petal/p2p/drained.ts'

export const PING_PROTOCOL = '/ipfs/ping/1.0.0'
const PING_MILLIS = 10_000

/** Takes the place of libp2p's handler, once the node is started. */
export async function answerPings(node: Pick<Libp2p, 'handle'>): Promise<void> {
  await node.handle(PING_PROTOCOL, echo, { force: true, maxInboundStreams: 1 })
}

/** Sends back what comes, as the peer takes it. Whatever the stream does meanwhile, nothing is thrown: it ends, or has ended. */
export function echo(stream: Stream): void {
  const signal = AbortSignal.timeout(PING_MILLIS)
  const late = () => stream.abort(new Error('the ping took too long'))
  const failed = (error: Error) => stream.abort(error)
  signal.addEventListener('abort', late)
  stream.addEventListener('close', () => signal.removeEventListener('abort', late))
  stream.addEventListener('message', ({ data }) => {
    if (isTaken(stream, data) || stream.readStatus !== 'readable') return
    stream.pause()
    drained(stream, signal)
      .then(() => {
        // Its reading end may have closed since the stream drained.
        if (stream.readStatus === 'paused') stream.resume()
      })
      .catch(failed)
  })
  stream.addEventListener('remoteCloseWrite', () => void stream.close({ signal }).catch(failed))
}

/** Whether there is room for more after these bytes; also when nobody waits for them any more. */
function isTaken(stream: Stream, data: Parameters<Stream['send']>[0]): boolean {
  if (stream.writeStatus !== 'writable') return true
  try {
    return stream.send(data)
  } catch {
    // The stream has told its end itself.
    return true
  }
}
