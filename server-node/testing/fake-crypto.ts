/** A stand-in for the engine, for tests of what is around it only: headers are JSON, hashes SHA-256, every proof is accepted. */
import { createHash } from 'node:crypto'
import {
  type CertificateVerdict,
  type Check,
  type CommitteeHandle,
  type Crypto,
  CryptoError,
  type HeaderFacts,
  type HeaderFields,
  type RootLeaf,
  type TraversalVerdict,
} from '@petal/core/platform/crypto.ts'

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export class FakeCrypto implements Crypto {
  readonly description = 'fake'
  readonly parallelism = 1
  /** Makes every certificate invalid. */
  refuse = false
  /** Calls of `solveVdf`. */
  solved = 0

  async buildHeader(fields: HeaderFields): Promise<Uint8Array> {
    const text = JSON.stringify(fields, (_, value) =>
      typeof value === 'bigint'
        ? `${value}n`
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('hex')
          : value,
    )
    return new TextEncoder().encode(text)
  }

  async inspectHeader(header: Uint8Array): Promise<HeaderFacts> {
    try {
      const fields = JSON.parse(new TextDecoder().decode(header))
      const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
      const integer = (text: string) => BigInt(text.slice(0, -1))
      const output = bytes(fields.output)
      const parentSelector = bytes(fields.parentSelector)
      const { signature } = fields
      return {
        number: integer(fields.number),
        rank: integer(fields.rank),
        timestamp: integer(fields.timestamp),
        difficulty: fields.difficulty,
        parentSelector,
        output,
        identity: sha256(output),
        challenge: sha256(parentSelector, Buffer.from(`${fields.number} ${fields.timestamp}`)),
        prover: bytes(fields.prover),
        globalCommitments: fields.globalCommitments.map(bytes),
        proverTreeCommitment: bytes(fields.proverTreeCommitment),
        requestsRoot: bytes(fields.requestsRoot),
        signature: signature && {
          signature: bytes(signature.signature),
          publicKey: bytes(signature.publicKey),
          bitmask: bytes(signature.bitmask),
        },
      }
    } catch {
      throw new CryptoError('decode', 'not a header')
    }
  }

  async openCommittee(): Promise<CommitteeHandle> {
    return 'committee' as CommitteeHandle
  }

  async closeCommittee(): Promise<void> {}

  async verifyCertificate(): Promise<CertificateVerdict> {
    const checks = [
      { name: 'signature', ok: !this.refuse, reason: this.refuse ? 'told to' : null, section: '', millis: 0 },
    ]
    return { checks, valid: !this.refuse, signedWeight: 0n, signers: [], millis: 0 }
  }

  async verifyTimeProof(): Promise<Check> {
    return { name: 'vdf', ok: true, reason: null, section: '', millis: 0 }
  }

  async hashBytes(message: Uint8Array): Promise<Uint8Array> {
    return sha256(message)
  }

  async verifyTraversal(): Promise<TraversalVerdict> {
    return { valid: false, values: [], reason: 'no trees here', millis: 0 }
  }

  async rebuildRoot(leaves: readonly RootLeaf[]): Promise<Uint8Array> {
    return sha256(...leaves.flatMap(({ key, value, hashTarget }) => [key, value, hashTarget]))
  }

  async generateKey(ikm: Uint8Array) {
    const key = Buffer.from(sha256(ikm))
    const hex = (label: string) => createHash('sha256').update(label).update(key).digest('hex')
    return { secretKey: hex('secret'), publicKey: hex('public'), proofOfPossession: '', address: hex('address') }
  }

  async sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array): Promise<Uint8Array> {
    return sha256(secretKey, message, domain)
  }

  async aggregateKeys(publicKeys: readonly Uint8Array[]): Promise<Uint8Array> {
    return sha256(...publicKeys)
  }

  async aggregateSignatures(signatures: readonly Uint8Array[]): Promise<Uint8Array> {
    return sha256(...signatures)
  }

  async solveVdf(challenge: Uint8Array): Promise<Uint8Array> {
    this.solved++
    return new Uint8Array(516).fill(0).map((_, i) => challenge[i % 32] ?? 0)
  }

  async close(): Promise<void> {}
}
