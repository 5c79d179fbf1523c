/**
 * GlobalAlert: a signed text of the network's operators (spec 53 section 8; OPS-08). It has neither time nor number, so the same bytes
 * would halt a node at any later date (hazard OPS-H1): `AlertMemory` keeps what was seen for ever, and the operator has the last word.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { CodecError, node } from '../codec/index.ts'
import { validate } from '../codec/validation.ts'
import type { Ed448Signer, Ed448Verifier } from './engine.ts'
import type { Identity } from './peer-id.ts'
import { type Refusal, refuse } from './verdict.ts'

const signedBytes = (message: string): Uint8Array => concatBytes(utf8ToBytes('GLOBAL_ALERT'), utf8ToBytes(message))

/** A verified alert. `digest` names its text: re-encodings of one alert have one digest. */
export interface Alert {
  readonly valid: true
  readonly message: string
  /** Lower-case hex of 32 bytes. */
  readonly digest: string
}

/** An alert whose signature nobody has looked at. */
export interface UnverifiedAlert {
  readonly valid: null
  readonly message: string
  readonly digest: string
  /** What `signature` is over. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

export type AlertRefusal = 'encoding' | 'structure' | 'signature'

/** Decodes an alert, for those who verify it in another way. Never throws on any bytes. */
export function decodeAlert(bytes: Uint8Array): UnverifiedAlert | Refusal<AlertRefusal> {
  const alert = decode(bytes)
  if (alert instanceof CodecError) return refuse('encoding', alert.message)
  const fault = validate('GlobalAlert', alert, { verifyEd448: () => false, isMultiaddr: () => false })
  if (fault !== null) return refuse('structure', fault)
  const { message, signature } = alert
  const signed = signedBytes(message)
  return { valid: null, message, digest: bytesToHex(sha256(signed)), signed, signature }
}

/** Decodes and verifies an alert with the configured key. Never throws on any bytes. */
export function readAlert(
  bytes: Uint8Array,
  alertKey: Uint8Array,
  engine: Ed448Verifier,
): Alert | Refusal<AlertRefusal> {
  const alert = decodeAlert(bytes)
  if (alert.valid === false) return alert
  const { message, digest, signed, signature } = alert
  if (!engine.ed448Verify(alertKey, signed, signature))
    return refuse('signature', 'the signature is not of the alert key')
  return { valid: true, message, digest }
}

/** Canonical bytes of an alert, for networks whose alert key one holds. Throws `CodecError` for a text of more than 1000 bytes. */
export const signAlert = (message: string, alertIdentity: Identity, engine: Ed448Signer): Uint8Array =>
  node.GlobalAlert.encode({ message, signature: engine.ed448Sign(alertIdentity.seed, signedBytes(message)) })

function decode(bytes: Uint8Array): { readonly message: string; readonly signature: Uint8Array } | CodecError {
  try {
    return node.GlobalAlert.decode(bytes)
  } catch (error) {
    if (error instanceof CodecError) return error
    throw error
  }
}

/** `halt`: a prover stops proving and voting. `show`: only tell the person. `known`: seen before, nothing to do. */
export type AlertAction = 'halt' | 'show' | 'known'

/** Decides what an alert does to this node. The digests seen must be kept across restarts: hand them in, store them after each `halt` or `show`. */
export class AlertMemory {
  readonly #seen: Set<string>
  readonly #role: 'prover' | 'light'
  #halted: boolean

  /** `halted`: whether an alert stopped this node before the restart and nobody lifted it. */
  constructor(role: 'prover' | 'light', seen: Iterable<string> = [], halted = false) {
    this.#role = role
    this.#seen = new Set(seen)
    this.#halted = halted && role === 'prover'
  }

  get halted(): boolean {
    return this.#halted
  }

  /** How many alerts were seen. */
  get size(): number {
    return this.#seen.size
  }

  /** Digests to keep for ever. */
  get seen(): readonly string[] {
    return [...this.#seen]
  }

  /** A verified alert arrived. A light client is never halted. */
  receive(alert: Alert): AlertAction {
    if (this.#seen.has(alert.digest)) return 'known'
    this.#seen.add(alert.digest)
    if (this.#role === 'light') return 'show'
    this.#halted = true
    return 'halt'
  }

  /** The operator decided to go on; alerts already seen do not halt again. */
  override(): void {
    this.#halted = false
  }
}
