/** Reading fields of a peer's protobuf with one typed error. */
import { type BinaryReader, WireType } from '@bufbuild/protobuf/wire'

export type RpcErrorCode =
  | 'decode' // not protobuf of the expected form
  | 'limit' // more entries than one RPC may have, or a message that is too long

/** The bytes of an RPC break the protocol: the stream they came from is of no more use. */
export class RpcError extends Error {
  readonly code: RpcErrorCode
  constructor(code: RpcErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RpcError'
    this.code = code
  }
}

/**
 * Reads one field: `take` is called for the numbers 1 to `known`, others are skipped. All known fields are length-delimited but those in
 * `varints`. Throws `RpcError`.
 */
export function readField(
  reader: BinaryReader,
  known: number,
  take: (field: number) => void,
  varints: readonly number[] = [],
): void {
  try {
    const [field, wireType] = reader.tag()
    if (wireType === WireType.StartGroup) throw new RpcError('decode', 'groups are not part of this protocol')
    if (field > known) {
      reader.skip(wireType, field)
      return
    }
    const expected = varints.includes(field) ? WireType.Varint : WireType.LengthDelimited
    if (wireType !== expected) throw new RpcError('decode', `field ${field} has wire type ${wireType}`)
    take(field)
  } catch (cause) {
    if (cause instanceof RpcError) throw cause
    throw new RpcError('decode', 'not valid protobuf', { cause })
  }
}
