/** Release check: digest of a file and signatures of several signatories over it (spec 53 section 9; OPS-07, hazard OPS-H8). */
import { sha3_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Ed448Verifier } from './engine.ts'
import { type Refusal, refuse } from './verdict.ts'

/** Longest digest file that is read; a real one has about a hundred bytes. */
const LONGEST_DIGEST_FILE = 4096
const DIGEST_DIGITS = 64

/** Text of a digest file for a file of that name. */
export const digestFile = (name: string, content: Uint8Array): string =>
  `SHA3-256(${name})= ${bytesToHex(sha3_256(content))}\n`

/** How many signatures a release needs of that many signatories: 7 of 17, 3 of 9, 1 of 5. */
export const releaseQuorum = (signatories: number): number => Math.ceil((signatories - 4) / 2)

export interface Release {
  /** The file as it is about to run or to be served. */
  readonly content: Uint8Array
  /** When given, the digest file must speak of a file of this name (with its version in it), not of any. */
  readonly name?: string
  /** Bytes of the `.dgst` file. */
  readonly digestFile: Uint8Array
  /** Contents of the files `.dgst.sig.1` and on; null where there is none. */
  readonly signatures: readonly (Uint8Array | null)[]
  /** Public keys in the order of the signatures. */
  readonly signatories: readonly Uint8Array[]
  /** How many valid signatures are wanted; default `releaseQuorum` of the signatories. */
  readonly quorum?: number
}

export type ReleaseRefusal =
  | 'digest file' // unreadable, or about another file
  | 'digest' // the content has another digest
  | 'signature' // a signature that is present does not verify
  | 'quorum'

export type ReleaseVerdict = { readonly valid: true; readonly signers: readonly number[] } | Refusal<ReleaseRefusal>

/** Judges a release. `signers`: numbers of the valid signatures, from 1. One signature is the least, whatever the number of signatories. */
export function checkRelease(release: Release, engine: Ed448Verifier): ReleaseVerdict {
  const stated = readDigest(release.digestFile, release.name)
  if (stated === null) return refuse('digest file', 'SHA3-256(name)= and 64 hex digits wanted')
  const digest = bytesToHex(sha3_256(release.content))
  if (stated !== digest) return refuse('digest', `the content has the digest ${digest}, not ${stated}`)
  const signers: number[] = []
  for (const [index, signature] of release.signatures.entries()) {
    if (signature === null) continue
    const signatory = release.signatories[index]
    if (signatory === undefined || !engine.ed448Verify(signatory, release.digestFile, signature))
      return refuse('signature', `signature ${index + 1} does not verify`)
    signers.push(index + 1)
  }
  const quorum = Math.max(1, release.quorum ?? releaseQuorum(release.signatories.length))
  if (signers.length < quorum) return refuse('quorum', `${signers.length} signatures, ${quorum} wanted`)
  return { valid: true, signers }
}

/** The digest that a digest file states, in lower case; null when it states none or for a file of another name. */
function readDigest(file: Uint8Array, name: string | undefined): string | null {
  if (file.length > LONGEST_DIGEST_FILE) return null
  const [subject, stated] = new TextDecoder().decode(file).split(' ')
  if (name !== undefined && subject !== `SHA3-256(${name})=`) return null
  const digits = stated?.slice(0, DIGEST_DIGITS) ?? ''
  return digits.length === DIGEST_DIGITS && /^[0-9a-fA-F]*$/.test(digits) ? digits.toLowerCase() : null
}
