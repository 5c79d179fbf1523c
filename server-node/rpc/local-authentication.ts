/**
 * What authorises state-changing calls of the local port that have no field for it (hazard RPC-H3): the node's own key signs the method, the
 * time and the request, as Send's authentication does (spec 51 section 5). It travels as the header `petal-authentication`:
 * Unix milliseconds, a dot, the signature in hex.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import {
  authenticateSend,
  type Ed448Signer,
  type Ed448Verifier,
  type Identity,
  verifySend,
} from '@petal/core/identity/index.ts'

export const AUTHENTICATION_HEADER = 'petal-authentication'

/** How far the clocks of caller and node may be apart. */
const WINDOW_MILLIS = 60_000
const FORM = /^([0-9]{1,15})\.([0-9a-f]{228})$/

const domainOf = (path: string): Uint8Array => sha256(utf8ToBytes(path))

function payloadOf(millis: number, request: Uint8Array): Uint8Array {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(millis))
  return concatBytes(time, request)
}

/** The header for a call. `path`: `/package.Service/Method`; `request`: its protobuf bytes. */
export function authenticateCall(
  identity: Identity,
  path: string,
  request: Uint8Array,
  nowMillis: number,
  engine: Ed448Signer,
): string {
  const signature = authenticateSend(identity, domainOf(path), payloadOf(nowMillis, request), engine)
  return `${nowMillis}.${bytesToHex(signature)}`
}

export type CallRefusal = 'missing' | 'form' | 'time' | 'signature'

/** Null when the operator made the call; else why not. */
export function callRefusal(
  header: string | null,
  nodePublicKey: Uint8Array,
  path: string,
  request: Uint8Array,
  nowMillis: number,
  engine: Ed448Verifier,
): CallRefusal | null {
  if (header === null) return 'missing'
  const [, time, signature] = FORM.exec(header) ?? []
  if (time === undefined || signature === undefined) return 'form'
  const millis = Number(time)
  if (Math.abs(nowMillis - millis) > WINDOW_MILLIS) return 'time'
  const payload = payloadOf(millis, request)
  return verifySend(nodePublicKey, domainOf(path), payload, hexToBytes(signature), engine) ? null : 'signature'
}

const REMEMBERED = 4_096

/** Signatures seen lately: the same request is taken once. */
export class SeenOnce {
  readonly #seen = new Set<string>()

  remove(signature: Uint8Array): void {
    this.#seen.delete(nameOf(signature))
  }

  /** False when it was here before. */
  add(signature: Uint8Array): boolean {
    const key = nameOf(signature)
    if (this.#seen.has(key)) return false
    const [oldest] = this.#seen
    if (this.#seen.size >= REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.add(key)
    return true
  }
}

const nameOf = (signature: Uint8Array): string => bytesToHex(sha256(signature))
