/** Makes, signs and checks the files of a release beside it. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  checkRelease,
  digestFile,
  type Ed448Signer,
  type Ed448Verifier,
  releaseQuorum,
} from '@petal/core/identity/index.ts'
import { ReleaseError } from './errors.ts'
import { accessError, MOST_BYTES, readBounded, readIfPresent, write } from './files.ts'
import { differences, MANIFEST_LIMITS, manifestOf } from './manifest.ts'

const LONGEST_DIGEST_FILE = 4096
const LONGEST_SIGNATURE = 4096

/** What is signed: the file itself, or the manifest of a directory. */
interface Artefact {
  readonly path: string
  readonly directory: string | null
}

async function artefactOf(target: string): Promise<Artefact> {
  const found = await stat(target).catch((error) => {
    throw accessError(target, error)
  })
  return found.isDirectory() ? { path: `${target}.manifest`, directory: target } : { path: target, directory: null }
}

/** Writes the digest file (and the manifest of a directory). `name`: what the digest speaks of; default the file's own. Returns its path. */
export async function writeDigest(target: string, name?: string): Promise<string> {
  const { path, directory } = await artefactOf(target)
  if (directory !== null) await write(path, await manifestOf(directory), true)
  const digest = `${path}.dgst`
  await write(digest, digestFile(name ?? basename(path), await readBounded(path, MOST_BYTES)), true)
  return digest
}

/** Writes the signature with that number over the digest file; one that is there is kept. Returns its path. Throws `ReleaseError`. */
export async function writeSignature(
  target: string,
  number: number,
  seed: Uint8Array,
  engine: Pick<Ed448Signer, 'ed448Sign'>,
): Promise<string> {
  const { path } = await artefactOf(target)
  const digest = await readBounded(`${path}.dgst`, LONGEST_DIGEST_FILE)
  const signature = `${path}.dgst.sig.${number}`
  await write(signature, engine.ed448Sign(seed, digest), false)
  return signature
}

export interface CheckOptions {
  /** Public keys in the order of the signatures' numbers. */
  readonly signatories: readonly Uint8Array[]
  /** Default: that of the network for so many signatories. */
  readonly quorum?: number
  /** Name that the digest must speak of (hazard OPS-H8). Default: any. */
  readonly name?: string
}

export interface ReleaseReport {
  readonly valid: boolean
  /** Numbers of the signatures that hold, from 1. */
  readonly signers: readonly number[]
  readonly quorum: number
  /** Why it is not valid. */
  readonly reason: string | null
  /** How a directory differs from its manifest. */
  readonly differences: readonly string[]
}

/** Throws `ReleaseError` for files that cannot be read. */
export async function checkFiles(target: string, options: CheckOptions, engine: Ed448Verifier): Promise<ReleaseReport> {
  const { signatories, name } = options
  const { path, directory } = await artefactOf(target)
  const content = await readBounded(path, directory === null ? MOST_BYTES : MANIFEST_LIMITS.textBytes)
  const digest = await readBounded(`${path}.dgst`, LONGEST_DIGEST_FILE)
  const signatures = await Promise.all(
    signatories.map((_, index) => readIfPresent(`${path}.dgst.sig.${index + 1}`, LONGEST_SIGNATURE)),
  )
  const quorum = Math.max(1, options.quorum ?? releaseQuorum(signatories.length))
  const verdict = checkRelease(
    { content, digestFile: digest, signatures, signatories, quorum, ...(name === undefined ? {} : { name }) },
    engine,
  )
  if (!verdict.valid)
    return { valid: false, signers: [], quorum, reason: `${verdict.reason}: ${verdict.text}`, differences: [] }
  const { signers } = verdict
  const different =
    directory === null ? [] : differences(new TextDecoder().decode(content), await manifestOf(directory))
  const reason = different.length === 0 ? null : `${different.length} files are not those of the manifest`
  return { valid: reason === null, signers, quorum, reason, differences: different }
}

/** Public keys out of a text: 114 hex digits a line, in order; `#` begins a comment. Throws `ReleaseError` `form`. */
export function parseSignatories(text: string): readonly Uint8Array[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
  if (lines.length === 0 || lines.length > 256) throw new ReleaseError('form', `${lines.length} signatories: 1 to 256`)
  return lines.map((line, index) => {
    if (!/^[0-9a-fA-F]{114}$/.test(line)) throw new ReleaseError('form', `signatory ${index + 1} is not 114 hex digits`)
    return new Uint8Array(Buffer.from(line, 'hex'))
  })
}
