import { readFileSync } from 'node:fs'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '@petal/core/codec/tables/consensus.ts'
import { expect, test } from 'vitest'
import { FrameHints, hintOf } from './frame-hints.ts'

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

test('one hint is verified at a time, of the others only the newest; what is not newer than the head is not looked at', async () => {
  const verified: string[] = []
  let waiting = Promise.withResolvers<void>()
  let head = BigInt(recorded[2]?.header.frame_number ?? 0)
  const hints = new FrameHints(
    () => head,
    async (header) => {
      verified.push(Buffer.from(header).toString('hex'))
      await waiting.promise
    },
  )
  for (const frame of recorded) hints.take(framed(frame))
  expect(verified).toEqual([recorded[3]?.header_pb])
  const first = waiting
  waiting = Promise.withResolvers()
  first.reject(new Error('not verified'))
  await new Promise((resolve) => setTimeout(resolve))
  expect(verified).toEqual([recorded[3]?.header_pb, recorded.at(-1)?.header_pb])
  waiting.resolve()
  await new Promise((resolve) => setTimeout(resolve))
  head = BigInt(recorded.at(-1)?.header.frame_number ?? 0)
  for (const frame of recorded) hints.take(framed(frame))
  expect(verified.length).toBe(2)
})
