/** Verdicts on frames of gossip: what is passed on, what costs its sender, what is dropped (spec 50 section 8). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consensus } from '@petal/core/codec/index.ts'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import type { GossipMessage } from '@petal/core/gossip/index.ts'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import type { Subscriber } from '@petal/p2p/gossip/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { encodeFrame } from './frame-codec.ts'
import { FRAME_GOSSIP_LIMITS, FrameGossip } from './frame-gossip.ts'
import { flipped } from './testing.ts'
import { HeaderVerifier, MAX_AHEAD_MILLIS, type VerifiedHeader } from './verifier.ts'

const FRAMES = 4n

let directory: string
let real: RealChain
let headers: Map<bigint, Uint8Array>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-verdicts-'))
  real = await openRealChain(directory)
  await real.grow(Number(FRAMES))
  headers = new Map()
  for (let n = 0n; n <= FRAMES; n++) headers.set(n, (await real.chain.header(n)) ?? new Uint8Array())
}, 60_000)
afterAll(async () => {
  await real[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** Validation as a node does it whose head is a frame of the chain; null = it has none yet. */
async function judge(head: bigint | null, options: { readonly now?: () => number } = {}) {
  const { committee, rules } = real.chain.anchors()
  if (committee === undefined) throw new Error('no committee')
  const verifier = new HeaderVerifier(real.crypto, await real.crypto.openCommittee(committee), rules, options.now)
  const heard: VerifiedHeader[] = []
  let subscriber: Subscriber | undefined
  const published: Uint8Array[] = []
  const gossip = new FrameGossip({
    gossip: {
      subscribe: (_, given) => {
        subscriber = given
        return () => undefined
      },
      publish: async (_, data) => published.push(data),
    },
    verifier,
    source: () =>
      head === null
        ? undefined
        : {
            head: () => ({ number: head, identity: new Uint8Array(32), header: headers.get(head) ?? new Uint8Array() }),
            header: async (number) => headers.get(number),
          },
    onFrame: (header) => heard.push(header),
  })
  const verdict = (data: Uint8Array, bitmask: Uint8Array = GLOBAL_TOPICS.frame) =>
    subscriber?.validate?.({ data, bitmask } as GossipMessage, 'peer')
  return { verdict, heard, published, gossip }
}

const frame = (number: bigint) => encodeFrame(headers.get(number) ?? new Uint8Array())
const frameOf = (number: bigint, change: object) => {
  const header = fromProtobuf(consensus.GlobalFrameHeader, headers.get(number) ?? new Uint8Array())
  return consensus.GlobalFrame.encode({ header: { ...header, ...change }, requests: [] })
}

describe('a frame above the head', () => {
  test.each([2n, null])('that verifies is taken and passed on, head %s', async (head) => {
    const { verdict, heard } = await judge(head)
    expect(await verdict(frame(4n))).toBe('accept')
    expect(heard.map(({ bytes }) => bytes)).toEqual([headers.get(4n)])
    expect(heard[0]?.signers.length).toBeGreaterThanOrEqual(3)
  })

  test('whose certificate or time proof does not hold is rejected, also when it comes again', async () => {
    const { verdict, heard } = await judge(2n)
    const { timestamp } = await real.crypto.inspectHeader(headers.get(4n) ?? new Uint8Array())
    const wrong = [
      frameOf(4n, { rank: 5n }),
      frameOf(4n, { timestamp: timestamp + 1n }),
      frameOf(4n, { difficulty: 1 }),
      frameOf(4n, { public_key_signature_bls48581: null }),
      frameOf(4n, { frame_number: 5n }),
    ]
    for (const data of wrong) expect(await verdict(data)).toBe('reject')
    for (const data of wrong) expect(await verdict(data)).toBe('reject')
    expect(heard).toEqual([])
  })

  test('of a far future or number is not judged', async () => {
    const { timestamp } = await real.crypto.inspectHeader(headers.get(4n) ?? new Uint8Array())
    const early = await judge(2n, { now: () => Number(timestamp - MAX_AHEAD_MILLIS) - 1 })
    expect(await early.verdict(frame(4n))).toBe('ignore')
    const { verdict } = await judge(2n)
    expect(await verdict(frameOf(4n, { frame_number: 3n + FRAME_GOSSIP_LIMITS.ahead }))).toBe('ignore')
  })

  test('that comes with too many others is ignored', async () => {
    const { verdict } = await judge(2n)
    const all = await Promise.all(
      Array.from({ length: FRAME_GOSSIP_LIMITS.judgements + 4 }, (_, index) =>
        verdict(frameOf(4n, { rank: 10n + BigInt(index) })),
      ),
    )
    expect(all.filter((each) => each === 'ignore')).toHaveLength(4)
    expect(await verdict(frame(4n))).toBe('accept')
  })
})

test('a frame that is here is passed on as it is here, another one of its number is not', async () => {
  const { verdict, heard } = await judge(4n)
  expect(await verdict(frame(3n))).toBe('accept')
  expect(await verdict(frameOf(3n, { rank: 9n }))).toBe('ignore')
  expect(heard).toEqual([])
})

test('what is no frame of this network is rejected, other topics are not ours', async () => {
  const { verdict } = await judge(2n)
  for (const data of [new Uint8Array(), Uint8Array.of(0, 0, 3, 14), flipped(frame(4n), 3), frame(4n).subarray(0, 900)])
    expect(await verdict(data)).toBe('reject')
  expect(await verdict(Uint8Array.of(...frame(4n), 0))).toBe('reject')
  expect(await verdict(frame(4n), GLOBAL_TOPICS.prover)).toBe('ignore')
})

test('a node publishes canonical bytes', async () => {
  const { gossip, published } = await judge(2n)
  gossip.publish(headers.get(4n) ?? new Uint8Array())
  expect(published).toEqual([frame(4n)])
})
