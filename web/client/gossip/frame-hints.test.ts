import { readFileSync } from 'node:fs'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '@petal/core/codec/tables/consensus.ts'
import { expect, test } from 'vitest'
import { FrameHints, hintOf } from './frame-hints.ts'
import { TAB_LIMITS } from './limits.ts'

interface Recorded {
  readonly header_pb: string
  readonly header: { readonly frame_number: string | number }
}
const CHAIN = new URL('../../../test/vectors/frames/global_chain.json', import.meta.url)
const recorded: readonly Recorded[] = JSON.parse(readFileSync(CHAIN, 'utf8')).cases.slice(1)

const framed = ({ header_pb }: Recorded): Uint8Array =>
  GlobalFrame.encode({ header: fromProtobuf(GlobalFrameHeader, Buffer.from(header_pb, 'hex')), requests: [] })

test('FRM-01 the header of a recorded frame is found in its canonical bytes, in the bytes that nodes serve', () => {
  for (const frame of recorded) {
    const hint = hintOf(framed(frame))
    expect(hint?.number).toBe(BigInt(frame.header.frame_number))
    expect(Buffer.from(hint?.header ?? []).toString('hex')).toBe(frame.header_pb)
  }
  for (const bytes of [new Uint8Array(0), new Uint8Array(100), framed(recorded[0] as Recorded).subarray(0, 500)])
    expect(hintOf(bytes)).toBe(null)
})

/** Hints whose verification ends when `end` is called, and the numbers that were verified. */
function verifying(head: () => bigint | null = () => null) {
  const verified: number[] = []
  let ending = Promise.withResolvers<void>()
  const hints = new FrameHints(head, async (header) => {
    verified.push(recorded.findIndex(({ header_pb }) => header_pb === Buffer.from(header).toString('hex')))
    await ending.promise
  })
  const end = async (error?: Error): Promise<void> => {
    const ended = ending
    ending = Promise.withResolvers()
    if (error === undefined) ended.resolve()
    else ended.reject(error)
    await new Promise((resolve) => setTimeout(resolve))
  }
  const take = (peer: string, ...frames: readonly number[]) => {
    for (const at of frames) hints.take(framed(recorded[at] as Recorded), peer)
  }
  return { take, end, verified }
}

test('one hint is verified at a time, of the others of its peer only the newest; what is not newer than the head is not looked at', async () => {
  let head = BigInt(recorded[2]?.header.frame_number ?? 0)
  const { take, end, verified } = verifying(() => head)
  const last = recorded.length - 1
  const all = Array.from(recorded.keys())
  take('a', ...all)
  expect(verified).toEqual([3])
  await end(new Error('not verified'))
  expect(verified).toEqual([3, last])
  await end()
  head = BigInt(recorded[last]?.header.frame_number ?? 0)
  take('a', ...all)
  expect(verified).toEqual([3, last])
})

test('a peer that floods with hints of higher numbers takes nothing from the others: each has its turn', async () => {
  const { take, end, verified } = verifying()
  take('flood', 9)
  take('a', 4)
  take('b', 5)
  for (let high = 10; high < 15; high++) take('flood', high)
  for (let turn = 0; turn < 4; turn++) await end()
  expect(verified).toEqual([9, 4, 5, 14])
})

test('hints of so many peers wait, and no more', async () => {
  const { take, end, verified } = verifying()
  take('first', 0)
  for (let peer = 0; peer <= TAB_LIMITS.hintingPeers; peer++) take(`${peer}`, 1)
  take('0', 2)
  for (let turn = 0; turn < TAB_LIMITS.hintingPeers + 3; turn++) await end()
  expect(verified).toEqual([0, 2, ...Array.from({ length: TAB_LIMITS.hintingPeers - 1 }, () => 1)])
})
