/** Frames in the form of the services: the header as it was signed, and no requests until execution makes some. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { type GlobalFrame, GlobalFrameHeaderSchema, GlobalFrameSchema } from '@petal/core/gen/node/consensus_pb.js'
import type { FrameSource } from '../../chain/source.ts'

/** A frame by its number, 0 for the latest. Throws `ConnectError` NOT_FOUND. */
export async function globalFrame(source: FrameSource, number: bigint): Promise<GlobalFrame> {
  const header = number === 0n ? source.head().header : await source.header(number)
  if (header === undefined) {
    const { number: head } = source.head()
    throw new ConnectError(`no frame ${number} here: frames ${source.oldest} to ${head}`, Code.NotFound)
  }
  return frameOf(header)
}

export const frameOf = (header: Uint8Array): GlobalFrame =>
  create(GlobalFrameSchema, { header: fromBinary(GlobalFrameHeaderSchema, header) })
