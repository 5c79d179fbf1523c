/** Global frames as gossip carries them: canonical bytes (spec 40 section 3.3); everything here works on the protobuf form of their headers. */
import { consensus } from '@petal/core/codec/index.ts'
import { fromProtobuf, toProtobuf } from '@petal/core/codec/protobuf.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'

/** A header has 17 to 21 kB; frames of this network carry no requests. */
export const MAX_FRAME_BYTES = 64 << 10

/** Canonical bytes of a frame without requests. `header`: protobuf bytes. Throws `CodecError`. */
export function encodeFrame(header: Uint8Array): Uint8Array {
  return consensus.GlobalFrame.encode({ header: fromProtobuf(consensus.GlobalFrameHeader, header), requests: [] })
}

/** Protobuf bytes of the header of a frame; undefined for what this network does not publish. Throws `CodecError`. */
export function decodeFrame(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > MAX_FRAME_BYTES) return undefined
  const frame = consensus.GlobalFrame.decode(bytes)
  if (frame.header === null || frame.requests.length > 0) return undefined
  // surplus bytes would give one frame many message ids
  if (!sameBytes(consensus.GlobalFrame.encode(frame), bytes)) return undefined
  return toProtobuf(consensus.GlobalFrameHeader, frame.header)
}
