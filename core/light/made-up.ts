/** Headers that are JSON, whose certificates and time proofs are what they say they are. For tests and the simulation only. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import {
  type CertificateVerdict,
  type Check,
  type CommitteeHandle,
  type Crypto,
  CryptoError,
  type HeaderFacts,
} from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { NetworkDescription } from './anchors.ts'

/** What a made-up header says. */
export interface MadeHeader {
  readonly number: number | bigint
  readonly rank: number | bigint
  /** Any text; the identity is its hash. */
  readonly name: string
  readonly parent: string
  /** Default `good`. `quorum`: signed by too few. `forged`: the signature is wrong. */
  readonly certificate?: 'good' | 'quorum' | 'forged'
  readonly timeProof?: 'good' | 'false'
  /** Names its registry; default another one for each header. */
  readonly registry?: string
  /** What becomes of following the registry to it. */
  readonly follow?: 'far' | 'lie'
  readonly padding?: number
}

export function made(header: MadeHeader): Uint8Array {
  const { number, rank, padding = 0, ...rest } = header
  return utf8ToBytes(JSON.stringify({ ...rest, number: `${number}`, rank: `${rank}`, padding: 'x'.repeat(padding) }))
}

export const identityOf = (name: string): Uint8Array => sha256(utf8ToBytes(name))

/** Frames `first` to `last` of a chain; frame n is called `fork/n`, follows the one before, and has rank 2n. */
export function chainOf(first: number, last: number, fork = 'main', special: Record<number, Partial<MadeHeader>> = {}) {
  const headers = new Map<bigint, Uint8Array>()
  for (let n = first; n <= last; n++) {
    const header = { number: n, rank: 2 * n, name: `${fork}/${n}`, parent: n === first ? 'main/0' : `${fork}/${n - 1}` }
    headers.set(BigInt(n), made({ ...header, ...special[n] }))
  }
  return headers
}

export function descriptionOf(addresses: readonly string[], issuedAt: Millis): NetworkDescription {
  return {
    format: 1,
    network: 'simulated',
    profile: '2.1.0.24',
    addresses,
    frameIntervalMillis: 10_000,
    anchors: {
      committee: { members: [{ publicKey: 'ab'.repeat(585), weight: '1' }], threshold: null },
      checkpoint: {
        number: '0',
        identity: bytesToHex(identityOf('main/0')),
        rank: '0',
        timestamp: '0',
        difficulty: 1,
      },
      rules: { genesisNumber: '0', genesisIdentity: '00'.repeat(32), proverInCommittee: true, difficultyFloor: 0 },
      issuedAt,
    },
  }
}

/** A `Crypto` for made-up headers: everything that the light client asks for. */
export function madeCrypto(): Crypto {
  const unsupported = async (): Promise<never> => {
    throw new CryptoError('unsupported', 'made-up')
  }
  return {
    description: 'made-up',
    parallelism: 1,
    inspectHeader: async (header) => factsOf(parsed(header)),
    openCommittee: async () => 'made-up' as CommitteeHandle,
    closeCommittee: async () => {},
    verifyCertificate: async (header) => verdictOf(parsed(header).certificate ?? 'good'),
    verifyTimeProof: async (header) => check('vdf', parsed(header).timeProof !== 'false'),
    hashBytes: unsupported,
    verifyTraversal: unsupported,
    rebuildRoot: unsupported,
    generateKey: unsupported,
    sign: unsupported,
    aggregateKeys: unsupported,
    aggregateSignatures: unsupported,
    solveVdf: unsupported,
    buildHeader: unsupported,
    close: async () => {},
  }
}

/** Throws `CryptoError` `decode`. */
export function parsed(header: Uint8Array): Record<string, string> {
  try {
    return JSON.parse(new TextDecoder().decode(header)) as Record<string, string>
  } catch (cause) {
    throw new CryptoError('decode', 'not a made-up header', { cause })
  }
}

export function factsOf(header: Record<string, string>): HeaderFacts {
  const identity = identityOf(header.name ?? '')
  return {
    number: BigInt(header.number ?? 0),
    rank: BigInt(header.rank ?? 0),
    timestamp: 0n,
    difficulty: 1,
    parentSelector: identityOf(header.parent ?? ''),
    identity,
    challenge: identity,
    output: identity,
    prover: identity,
    globalCommitments: [],
    proverTreeCommitment: header.registry === undefined ? identity : identityOf(header.registry),
    requestsRoot: identity,
    signature: null,
  }
}

export function check(name: string, ok: boolean): Check {
  return { name, ok, reason: ok ? null : `${name} is wrong`, section: '11 section 4.4', millis: 1 }
}

export function verdictOf(certificate: string): CertificateVerdict {
  const checks = [
    check('shape', true),
    check('signature', certificate !== 'forged'),
    check('quorum', certificate !== 'quorum'),
  ]
  return { checks, valid: certificate === 'good', signedWeight: 1n, signers: [0, 1], millis: 2 }
}
