/**
 * Headers in order from several peers at once (spec 11 section 8.3, sequential form): every one is verified before the next page is taken.
 * A page is from one peer, so that a false one has one author.
 */
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import { FollowError } from './errors.ts'
import type { FollowedPeer } from './peer.ts'
import type { PeerPool } from './peer-pool.ts'
import { type HeaderVerifier, type Parent, unlinked, type VerifiedHeader } from './verifier.ts'

/** Pages asked for ahead of the one that is verified. */
const PAGES_AHEAD = 4

export interface HeaderFetch {
  readonly pool: Pick<PeerPool, 'peers' | 'failed' | 'lied'>
  readonly verifier: HeaderVerifier
  /** The newest header that is known. */
  readonly parent: Parent
  /** Number of the last header that is wanted. */
  readonly to: bigint
  readonly signal: AbortSignal
}

interface Page {
  readonly peer: FollowedPeer
  readonly headers: readonly Uint8Array[]
}

interface Asked {
  readonly from: bigint
  readonly count: number
  readonly page: Promise<Page>
}

/** Verified headers, page by page. Rejects with `FollowError` `unavailable` when no peer has the next one. */
export async function* fetchHeaders(fetch: HeaderFetch): AsyncGenerator<readonly VerifiedHeader[]> {
  const { pool, to, signal } = fetch
  const asked: Asked[] = []
  let parent = fetch.parent
  let next = parent.number + 1n
  let turn = 0
  const ask = (from: bigint, count: number): Asked => {
    const page = askPeers(fetch, from, count, turn++)
    page.catch(() => undefined)
    return { from, count, page }
  }
  while (parent.number < to) {
    for (; asked.length < PAGES_AHEAD && next <= to; next += BigInt(WIRE_LIMITS.headers)) {
      asked.push(ask(next, Math.min(WIRE_LIMITS.headers, Number(to - next + 1n))))
    }
    const first = asked.shift()
    if (first === undefined) return
    const { peer, headers } = await first.page
    const verified = await verifyPage(fetch, parent, headers)
    signal.throwIfAborted()
    if ('reason' in verified) {
      pool.lied(peer.id, verified.reason)
      asked.unshift(ask(first.from, first.count))
      continue
    }
    const last = verified.headers.at(-1)
    if (last === undefined) throw new FollowError('unavailable', `no header from ${first.from} on`)
    parent = last.facts
    const missing = first.count - verified.headers.length
    if (missing > 0) asked.unshift(ask(parent.number + 1n, missing))
    yield verified.headers
  }
}

async function askPeers({ pool, signal }: HeaderFetch, from: bigint, count: number, turn: number): Promise<Page> {
  const peers = pool.peers()
  for (let step = 0; step < peers.length; step++) {
    const peer = peers[(turn + step) % peers.length]
    if (peer === undefined) break
    try {
      const headers = await peer.ask((node, limit) => node.headers(from, count, limit), signal)
      if (headers.length > 0) return { peer, headers }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PeerError && error.code === 'notFound')) pool.failed(peer.id)
    }
  }
  throw new FollowError('unavailable', `no peer has the headers from frame ${from} on`)
}

/** The headers as children of `parent`, or what is wrong with the first false one. */
async function verifyPage(
  { verifier, signal }: HeaderFetch,
  parent: Parent,
  headers: readonly Uint8Array[],
): Promise<{ readonly headers: readonly VerifiedHeader[] } | { readonly reason: string }> {
  const facts = await Promise.all(headers.map((bytes) => verifier.inspect(bytes, signal)))
  let before = parent
  for (const own of facts) {
    if (own === undefined) return { reason: 'a header that cannot be read' }
    const reason = unlinked(own, before) ?? (verifier.isAhead(own) ? `frame ${own.number} is of the future` : null)
    if (reason !== null) return { reason }
    before = own
  }
  const judged = await Promise.all(
    headers.map((bytes, index) => {
      const own = facts[index]
      return own === undefined ? { reason: 'a header that cannot be read' } : verifier.judge(bytes, own, signal)
    }),
  )
  const verified: VerifiedHeader[] = []
  for (const [index, judgement] of judged.entries()) {
    if ('reason' in judgement) return { reason: `frame ${facts[index]?.number}: ${judgement.reason}` }
    verified.push(judgement.header)
  }
  return { headers: verified }
}
