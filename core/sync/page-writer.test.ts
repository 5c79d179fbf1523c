import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HypergraphSyncResponseSchema } from '../gen/sync_pb.js'
import { decodeResponse } from './messages.ts'
import { encodePage } from './page-writer.ts'

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength })
const page = fc.record({
  kind: fc.constant('leaves' as const),
  path: fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 20 }),
  leaves: fc.array(
    fc.record({
      key: bytes(64, 1),
      value: bytes(300),
      hashTarget: fc.constantFrom(new Uint8Array(0), new Uint8Array(64).fill(3), new Uint8Array(74).fill(4)),
      size: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
      underlyingData: bytes(300),
    }),
    { maxLength: 20 },
  ),
  token: bytes(8),
  total: fc.bigInt({ min: 0n, max: (1n << 53n) - 1n }),
})

test('SYN-01 a page has the bytes that the general encoder writes, and reads back as what it was', () => {
  fc.assert(
    fc.property(page, (answer) => {
      const written = encodePage(answer)
      expect(decodeResponse(written)).toEqual(answer)
      const message = fromBinary(HypergraphSyncResponseSchema, written)
      expect(toBinary(HypergraphSyncResponseSchema, create(HypergraphSyncResponseSchema, message))).toEqual(written)
    }),
    { seed: 22, numRuns: 500 },
  )
})
