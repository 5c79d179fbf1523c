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

function echo(stream: Stream): void {
  const signal = AbortSignal.timeout(PING_MILLIS)
  const late = () => stream.abort(new Error('the ping took too long'))
  signal.addEventListener('abort', late)
  stream.addEventListener('close', () => signal.removeEventListener('abort', late))
  stream.addEventListener('message', ({ data }) => {
    if (stream.writeStatus !== 'writable' || stream.send(data)) return
    stream.pause()
    drained(stream, signal).then(
      () => stream.resume(),
      (error: Error) => stream.abort(error),
    )
  })
  stream.addEventListener('remoteCloseWrite', () => void stream.close({ signal }).catch((error) => stream.abort(error)))
}
