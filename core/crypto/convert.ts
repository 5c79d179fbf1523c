/** Between what the engine speaks (JSON, hex, decimal text) and what the contract `Crypto` promises. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import {
  type CertificateVerdict,
  type Check,
  CryptoError,
  type HeaderFacts,
  type HeaderFields,
  type TraversalVerdict,
} from '../platform/crypto.ts'
import type {
  EngineCheck,
  EngineErrorCode,
  EngineGlobalHeader,
  EngineTraversal,
  EngineVerdict,
} from '../platform/engine.ts'

/** JSON of `globalHeaderFacts`. Throws `CryptoError` `decode` when the output is not 516 bytes, because then there is no identity. */
export function headerFacts(json: string): HeaderFacts {
  const header = JSON.parse(json) as EngineGlobalHeader
  if (header.identity === null) {
    throw new CryptoError('decode', `output has ${header.output.length / 2} bytes, 516 are needed for an identity`)
  }
  const { signature } = header
  return {
    number: BigInt(header.frameNumber),
    rank: BigInt(header.rank),
    timestamp: BigInt(header.timestamp),
    difficulty: header.difficulty,
    parentSelector: hexToBytes(header.parentSelector),
    identity: hexToBytes(header.identity),
    challenge: hexToBytes(header.challenge),
    output: hexToBytes(header.output),
    prover: hexToBytes(header.prover),
    globalCommitments: together(header.globalCommitments),
    proverTreeCommitment: hexToBytes(header.proverTreeCommitment),
    requestsRoot: hexToBytes(header.requestsRoot),
    signature: signature && {
      signature: hexToBytes(signature.signature),
      publicKey: hexToBytes(signature.publicKey),
      bitmask: hexToBytes(signature.bitmask),
    },
  }
}

/** Byte strings as pieces of one buffer: a message with 256 commitments then carries one buffer between threads, not 256. */
function together(hex: readonly string[]): readonly Uint8Array[] {
  const bytes = hexToBytes(hex.join(''))
  let end = 0
  return hex.map(({ length }) => {
    const start = end
    end += length / 2
    return bytes.subarray(start, end)
  })
}

/** JSON of `traversalVerify`. */
export function traversalVerdict(json: string, millis: number): TraversalVerdict {
  const { valid, reason, values } = JSON.parse(json) as EngineTraversal
  return { valid, reason, values: values.map(hexToBytes), millis }
}

/** JSON argument of `globalHeaderBuild`. */
export function headerFieldsJson(fields: HeaderFields): string {
  const { signature } = fields
  const header: Omit<EngineGlobalHeader, 'challenge' | 'identity'> & { challenge: string; identity: null } = {
    frameNumber: fields.number.toString(),
    rank: fields.rank.toString(),
    timestamp: fields.timestamp.toString(),
    difficulty: fields.difficulty,
    output: bytesToHex(fields.output),
    parentSelector: bytesToHex(fields.parentSelector),
    globalCommitments: fields.globalCommitments.map(bytesToHex),
    proverTreeCommitment: bytesToHex(fields.proverTreeCommitment),
    requestsRoot: bytesToHex(fields.requestsRoot),
    prover: bytesToHex(fields.prover),
    signature: signature && {
      signature: bytesToHex(signature.signature),
      publicKey: bytesToHex(signature.publicKey),
      bitmask: bytesToHex(signature.bitmask),
    },
    challenge: '',
    identity: null,
  }
  return JSON.stringify(header)
}

/** JSON of `verifyCertificate`, which took `each` for its checks by name and `millis` as a whole. */
export function certificateVerdict(
  json: string,
  each: ReadonlyMap<string, number>,
  millis: number,
): CertificateVerdict {
  const verdict = JSON.parse(json) as EngineVerdict
  return {
    checks: verdict.checks.map((check) => ({ ...check, millis: each.get(check.name) ?? null })),
    valid: verdict.valid,
    signedWeight: BigInt(verdict.signedWeight),
    signers: verdict.signers,
    millis,
  }
}

/** JSON of `verifyTimeProof`. */
export function timedCheck(json: string, millis: number): Check {
  return { ...(JSON.parse(json) as EngineCheck), millis }
}

const codes: Readonly<Record<EngineErrorCode, CryptoError['code']>> = {
  length: 'decode',
  decode: 'decode',
  range: 'decode',
  identity: 'decode',
  empty: 'arguments',
  handle: 'arguments',
  arguments: 'arguments',
  cancelled: 'cancelled',
}

/** What an engine call threw. An error without a known code is a trap: the instance it came from is of no more use. */
export function cryptoError(error: unknown): CryptoError {
  if (error instanceof CryptoError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? codes[error.code as EngineErrorCode] : undefined
  return new CryptoError(code ?? 'crashed', message, { cause: error })
}
