/**
 * Messages that are passed on as bytes: an `Opaque` has no fields of its own, so the library keeps every field of what comes as it is and
 * writes it back. PerformSync uses it: its messages are read and written by `core/sync` alone.
 */
import { type DescMessage, type DescMethodBiDiStreaming, fromBinary, toBinary } from '@bufbuild/protobuf'
import { HypergraphComparisonService } from '@petal/core/gen/node/application_service_pb.js'
import { type Opaque, OpaqueSchema } from '@petal/core/gen/node/opaque_pb.js'

/** PerformSync with messages that nobody but `core/sync` reads. */
export const RAW_PERFORM_SYNC: DescMethodBiDiStreaming<typeof OpaqueSchema, typeof OpaqueSchema> = {
  ...(HypergraphComparisonService.method.performSync as DescMethodBiDiStreaming<DescMessage, DescMessage>),
  input: OpaqueSchema,
  output: OpaqueSchema,
}

/** The message whose encoding is `bytes`. Throws for bytes that are no protobuf. */
export const opaqueOf = (bytes: Uint8Array): Opaque => fromBinary(OpaqueSchema, bytes)

/** Encoding of a message. */
export const bytesOf = (message: Opaque): Uint8Array => toBinary(OpaqueSchema, message)
