/**
 * A checkpoint file: one verified header with the name of its network, at most 64 KiB of JSON. It is no proof of its own: whoever imports
 * it verifies its header against its own anchors (spec 11 section 8.3).
 */
import { DESCRIPTION_LIMITS } from './network-description.ts'

export const CHECKPOINT_BYTES = 64 << 10

export interface CheckpointFile {
  readonly network: string
  readonly profile: string
  readonly header: Uint8Array
}

export type CheckpointErrorCode =
  | 'size' // larger than 64 KiB
  | 'format' // not a checkpoint file of this format
  | 'network' // of another network or profile

export class CheckpointError extends Error {
  readonly code: CheckpointErrorCode
  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CheckpointError'
    this.code = code
  }
}

/** Throws `CheckpointError` `size` when the header is too large for a file. */
export function encodeCheckpoint(file: CheckpointFile): Uint8Array {
  const { network, profile } = file
  const bytes = new TextEncoder().encode(
    JSON.stringify({ format: 'petal-checkpoint-1', network, profile, header: toBase64(file.header) }),
  )
  if (bytes.length > CHECKPOINT_BYTES) {
    throw new CheckpointError('size', `The header has ${file.header.length} bytes, too many for a checkpoint file.`)
  }
  return bytes
}

/** Reads a file that must be of `expected` network and profile. Throws `CheckpointError`. */
export function decodeCheckpoint(
  bytes: Uint8Array,
  expected: { readonly network: string; readonly profile: string },
): CheckpointFile {
  if (bytes.length > CHECKPOINT_BYTES) {
    throw new CheckpointError(
      'size',
      `A checkpoint file has at most ${CHECKPOINT_BYTES} bytes, this one ${bytes.length}.`,
    )
  }
  let file: Partial<Record<string, unknown>> | null = null
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object') file = value as Partial<Record<string, unknown>> | null
  } catch (cause) {
    throw new CheckpointError('format', 'This is not a checkpoint file: it is not JSON.', { cause })
  }
  if (file?.format !== 'petal-checkpoint-1') {
    throw new CheckpointError('format', 'This is not a checkpoint file of format petal-checkpoint-1.')
  }
  const { network, profile } = file
  if (network !== expected.network || profile !== expected.profile) {
    throw new CheckpointError(
      'network',
      `The checkpoint is of network ${name(network)}, profile ${name(profile)}; this client follows ${expected.network}, profile ${expected.profile}.`,
    )
  }
  const header = typeof file.header === 'string' ? fromBase64(file.header) : null
  if (header === null || header.length === 0) {
    throw new CheckpointError('format', 'The checkpoint file carries no header.')
  }
  return { network: expected.network, profile: expected.profile, header }
}

const name = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, DESCRIPTION_LIMITS.nameCharacters)) : 'unknown'

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}
