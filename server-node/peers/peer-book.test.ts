/** The book of peers while identities are made by the thousand, which costs nobody anything. */
import { identityOfSeed } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { expect, test } from 'vitest'
import { engine, identityOf } from '../rpc/testing.ts'
import { makePeerInfo, ownCapabilities } from './own-peer-info.ts'
import { PEER_BOOK_LIMITS, PeerBook } from './peer-book.ts'

const NOW = 1_760_000_000_000
const [me, early, archive, friend, quiet] = [1, 2, 3, 4, 5].map(identityOf)

const infoOf = (identity = me, nowMillis = NOW) => {
  if (identity === undefined) throw new Error('five identities')
  return makePeerInfo({
    identity,
    engine,
    master: { pubsub: ['/ip4/203.0.113.7/udp/8336/quic-v1'], stream: [] },
    capabilities: ownCapabilities(false),
    lastReceivedFrame: 7n,
    lastGlobalHeadFrame: 8n,
    nowMillis,
  })
}

test('a flood of identities pushes out nobody who was here, nor whom this node deals with; it is passed on all the same', () => {
  const book = new PeerBook({
    engine,
    self: infoOf(me).info.peer_id,
    genesisArchives: [infoOf(archive).info.peer_id],
    dealsWith: (peerId) => sameBytes(peerId, infoOf(friend).info.peer_id),
  })
  const heard = (bytes: Uint8Array, source: string, now = NOW) =>
    expect(book.judge(bytes, now, source).verdict).toBe('accept')
  const flood = (from: number, count: number, sources: number) => {
    for (let number = from; number < from + count; number++) {
      const seed = new Uint8Array(57).fill(0xee)
      new DataView(seed.buffer).setUint32(0, number)
      heard(infoOf(identityOfSeed(seed, engine)).bytes, `flood ${number % sources}`)
    }
  }
  const { records, sourceShare } = PEER_BOOK_LIMITS
  book.published(infoOf(me).info)
  heard(infoOf(early).bytes, 'flood 0')
  flood(0, 1_100, 1)
  expect(book.all().length).toBe(records * sourceShare + 1)
  flood(1_100, 4_400, 5)
  expect(book.all().length).toBe(records)
  heard(infoOf(friend, NOW + 1).bytes, 'flood 0', NOW + 1)
  heard(infoOf(archive, NOW + 1).bytes, 'flood 0', NOW + 1)
  heard(infoOf(quiet).bytes, 'a quiet neighbour')
  flood(10_000, 500, 5)
  expect(book.all().length).toBe(records)
  const here = [me, early, friend, archive, quiet].filter((one) => book.of(infoOf(one).info.peer_id) !== undefined)
  expect(here).toHaveLength(5)
}, 120_000)
