/** Back pressure of libp2p streams. */
import type { Stream } from '@libp2p/interface'

/**
 * Resolves when a stream takes more, at once when it does already; rejects when it closes or the signal fires. The library's own `onDrain`
 * (@libp2p/utils 7.4.1) waits only once in the life of a stream.
 */
export function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  if (!stream.writableNeedsDrain) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stopListening = new AbortController()
    const settle = (end: () => void) => {
      stopListening.abort()
      end()
    }
    const options = { signal: stopListening.signal }
    stream.addEventListener('drain', () => settle(resolve), options)
    stream.addEventListener(
      'close',
      ({ error }) => settle(() => reject(error ?? new Error('the stream was closed'))),
      options,
    )
    signal.addEventListener('abort', () => settle(() => reject(signal.reason)), options)
    if (signal.aborted) settle(() => reject(signal.reason))
  })
}
