/** PerformSync towards another node: one question, one answer, in order, over one stream (spec 22 section 1). */
import { createWritableIterable, type WritableIterable } from '@connectrpc/connect/protocol'
import type { Opaque } from '@petal/core/gen/node/opaque_pb.js'
import { RpcError, rpcErrorOf } from './errors.ts'
import { bytesOf, opaqueOf, RAW_PERFORM_SYNC } from './opaque.ts'
import type { PeerConnection } from './peer-client.ts'

export interface SyncCalls {
  /** Bytes of the answer. Questions are asked one after the other. Throws `RpcError`; the stream is useless after that. */
  ask(query: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  close(): void
}

export function openSync(peer: PeerConnection): SyncCalls {
  const ending = new AbortController()
  const queries: WritableIterable<Opaque> = createWritableIterable<Opaque>()
  const answers = answersOf(peer, queries, ending.signal)
  let turn: Promise<unknown> = Promise.resolve()
  const askOne = async (query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    if (signal.aborted) throw new RpcError('cancelled', 'the question was cancelled')
    // A question that nobody waits for leaves its answer in the stream: the stream ends with it.
    const abort = () => ending.abort(new RpcError('cancelled', 'the question was cancelled'))
    signal.addEventListener('abort', abort)
    try {
      const [next] = await Promise.all([answers.next(), queries.write(opaqueOf(query))])
      if (next.done === true) throw new RpcError('closed', 'the peer ended the stream')
      return bytesOf(next.value)
    } catch (error) {
      throw signal.aborted
        ? new RpcError('cancelled', 'the question was cancelled', { cause: error })
        : rpcErrorOf(error)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
  return {
    ask(query, signal) {
      const answer = turn.then(() => askOne(query, signal))
      turn = answer.catch(() => undefined)
      return answer
    },
    close() {
      queries.close()
      ending.abort(new RpcError('closed', 'the stream was closed here'))
    },
  }
}

/** The method's response begins with its first answer, so the stream is opened by the first question. */
async function* answersOf(
  peer: PeerConnection,
  queries: AsyncIterable<Opaque>,
  signal: AbortSignal,
): AsyncGenerator<Opaque, void> {
  const response = await peer.transport.stream(RAW_PERFORM_SYNC, signal, undefined, undefined, queries)
  yield* response.message
}
