/** A peer of the page, used by the worker. */
import { type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import { proxy, type Remote } from 'comlink'
import type { PageServices, PeerReply, Traffic, Way } from './page-services.ts'

let nextCall = 1

/** Dials by the page. Rejects with `PeerError`. */
export async function dialByPage(
  page: Remote<PageServices>,
  address: string,
  way: Way,
  signal: AbortSignal,
): Promise<LightPeer> {
  const { handle, ...facts } = await called(page, signal, (call) => page.dial(call, address, way))
  let traffic: Traffic = { received: 0, sent: 0 }
  const count = async () => {
    traffic = await page.traffic(handle)
  }
  const ask = async <T>(asked: AbortSignal, work: (call: number) => Promise<PeerReply<T>>): Promise<T> => {
    try {
      return await called(page, asked, work)
    } finally {
      void count()
    }
  }
  return {
    ...facts,
    hello: (asked) => ask(asked, (call) => page.hello(call, handle)),
    head: (asked) => ask(asked, (call) => page.head(call, handle)),
    headers: (from, many, asked) => ask(asked, (call) => page.headers(call, handle, from, many)),
    subscribe: async (onHead, asked, onAlerts) => {
      const told = proxy((header: Uint8Array) => {
        void count()
        if (!asked.aborted) onHead(header)
      })
      const alerted = (alerts: readonly Uint8Array[]) => {
        void count()
        if (!asked.aborted) onAlerts?.(alerts)
      }
      const toldAlerts = onAlerts === undefined ? undefined : proxy(alerted)
      try {
        await called(page, asked, (call) => page.subscribe(call, handle, told, toldAlerts))
      } catch (error) {
        if (!asked.aborted) throw error
      }
    },
    values: {
      state: (question, asked) => ask(asked, (call) => page.state(call, handle, question)),
      shard: (domain, frame, asked) => ask(asked, (call) => page.shard(call, handle, domain, frame)),
      sync: (query, asked) => ask(asked, (call) => page.sync(call, handle, query)),
    },
    traffic: () => traffic,
    close: async () => await page.closePeer(handle),
  }
}

/** One call that a signal cancels on the other side. */
async function called<T>(
  page: Remote<PageServices>,
  signal: AbortSignal,
  work: (call: number) => Promise<PeerReply<T>>,
): Promise<T> {
  const timedOut = () => signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  if (signal.aborted) throw new PeerError('cancelled', 'the question was given up')
  const call = nextCall++
  const abort = () => void page.cancel(call)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const reply = await work(call)
    if (reply.ok) return reply.value
    if (signal.aborted && timedOut()) throw new PeerError('timeout', 'the peer did not answer in time')
    throw new PeerError(reply.code, reply.message)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
