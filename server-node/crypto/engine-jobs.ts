/** The jobs of `Crypto` on a synchronous engine: JSON and hex of the engine become plain values. */
import {
  type CertificateVerdict,
  type Check,
  CryptoError,
  type HeaderFacts,
  type HeaderFields,
} from '@petal/core/platform/crypto.ts'
import type {
  EngineCheck,
  EngineCommitteeHandle,
  EngineGlobalHeader,
  EngineKeyPair,
  EngineRules,
  EngineVerdict,
  FullEngine,
} from '@petal/core/platform/engine.ts'
import type { JobMethod, NamedCommittee } from './protocol.ts'

/** How a running job hears of its cancellation and tells how far it is. */
export interface JobControl {
  cancelled(): boolean
  progress(done: number, total: number): void
}

/** Candidates between two looks at the cancel flag: about ten milliseconds. */
const SEARCH_SLICE = 256
/** A search ends long before; one that does not is a defect, not bad luck (the mean is 710 candidates). */
const SEARCH_END = 4_000_000
const DISCRIMINANT_BITS = 2048
/** Committees that a thread keeps open. */
const MAX_COMMITTEES = 16

type Jobs = { readonly [name in JobMethod | 'describe']: (control: JobControl, ...args: never[]) => unknown }

export class EngineJobs implements Jobs {
  readonly #engine: FullEngine
  readonly #committees = new Map<string, EngineCommitteeHandle>()

  constructor(engine: FullEngine) {
    this.#engine = engine
  }

  describe(): string {
    const { build, kernel } = JSON.parse(this.#engine.describe())
    return `native ${build}, ${kernel}`
  }

  inspectHeader(_: JobControl, header: Uint8Array): HeaderFacts {
    return this.#facts(JSON.parse(this.#engine.globalHeaderFacts(header)))
  }

  openCommittee(_: JobControl, committee: NamedCommittee): void {
    this.#committee(committee)
  }

  verifyCertificate(
    _: JobControl,
    header: Uint8Array,
    committee: NamedCommittee,
    rules: EngineRules,
  ): CertificateVerdict {
    const handle = this.#committee(committee)
    const start = performance.now()
    const verdict: EngineVerdict = JSON.parse(handle.verifyCertificate(header, JSON.stringify(rules)))
    return {
      checks: verdict.checks.map((check) => ({ ...check, millis: null })),
      valid: verdict.valid,
      signedWeight: BigInt(verdict.signedWeight),
      signers: verdict.signers,
      millis: performance.now() - start,
    }
  }

  verifyTimeProof(control: JobControl, header: Uint8Array): Check {
    const { challenge }: EngineGlobalHeader = JSON.parse(this.#engine.globalHeaderFacts(header))
    const start = performance.now()
    const discriminant = this.#discriminant(control, fromHex(challenge))
    const check: EngineCheck = JSON.parse(this.#engine.verifyTimeProof(header, discriminant))
    return { ...check, millis: performance.now() - start }
  }

  hashBytes(_: JobControl, message: Uint8Array): Uint8Array {
    return this.#engine.poseidonHashBytes(message)
  }

  generateKey(_: JobControl, ikm: Uint8Array): EngineKeyPair {
    return JSON.parse(this.#engine.blsGenerateKey(ikm))
  }

  sign(_: JobControl, secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array): Uint8Array {
    return this.#engine.blsSign(secretKey, message, domain)
  }

  aggregateKeys(_: JobControl, publicKeys: readonly Uint8Array[]): Uint8Array {
    return this.#engine.blsAggregateKeys([...publicKeys])
  }

  aggregateSignatures(_: JobControl, signatures: readonly Uint8Array[]): Uint8Array {
    return this.#engine.blsAggregateSignatures([...signatures])
  }

  solveVdf(control: JobControl, challenge: Uint8Array, difficulty: number): Uint8Array {
    return this.#engine.vdfSolve(challenge, difficulty, (done, total) => {
      control.progress(done, total)
      return control.cancelled()
    })
  }

  buildHeader(_: JobControl, fields: HeaderFields): Uint8Array {
    const { signature } = fields
    const json: EngineGlobalHeader = {
      frameNumber: fields.number.toString(),
      rank: fields.rank.toString(),
      timestamp: fields.timestamp.toString(),
      difficulty: fields.difficulty,
      output: toHex(fields.output),
      parentSelector: toHex(fields.parentSelector),
      globalCommitments: fields.globalCommitments.map(toHex),
      proverTreeCommitment: toHex(fields.proverTreeCommitment),
      requestsRoot: toHex(fields.requestsRoot),
      prover: toHex(fields.prover),
      signature: signature && {
        signature: toHex(signature.signature),
        publicKey: toHex(signature.publicKey),
        bitmask: toHex(signature.bitmask),
      },
      challenge: '',
      identity: null,
    }
    return this.#engine.globalHeaderBuild(JSON.stringify(json))
  }

  #discriminant(control: JobControl, challenge: Uint8Array): Uint8Array {
    const search = new this.#engine.DiscriminantSearch(challenge, DISCRIMINANT_BITS)
    try {
      for (let from = 0; from < SEARCH_END; from += SEARCH_SLICE) {
        if (control.cancelled()) throw new CryptoError('cancelled', 'the job was cancelled')
        control.progress(from, 0)
        const found = search.testRange(from, SEARCH_SLICE)
        if (found !== -1) return search.candidate(found)
      }
      throw new CryptoError('crashed', `no discriminant among ${SEARCH_END} candidates`)
    } finally {
      search.free()
    }
  }

  /** The committee with its keys decoded, from memory if this thread had it lately. */
  #committee({ name, committee }: NamedCommittee): EngineCommitteeHandle {
    const handle = this.#committees.get(name) ?? new this.#engine.Committee(JSON.stringify(committee))
    this.#committees.delete(name)
    this.#committees.set(name, handle)
    if (this.#committees.size > MAX_COMMITTEES) {
      const [oldest] = this.#committees
      oldest?.[1].free()
      if (oldest !== undefined) this.#committees.delete(oldest[0])
    }
    return handle
  }

  #facts(header: EngineGlobalHeader): HeaderFacts {
    const { signature } = header
    if (header.identity === null) {
      throw new CryptoError('decode', `an output of ${header.output.length / 2} bytes has no identity`)
    }
    return {
      number: BigInt(header.frameNumber),
      rank: BigInt(header.rank),
      timestamp: BigInt(header.timestamp),
      difficulty: header.difficulty,
      parentSelector: fromHex(header.parentSelector),
      identity: fromHex(header.identity),
      challenge: fromHex(header.challenge),
      output: fromHex(header.output),
      prover: fromHex(header.prover),
      globalCommitments: header.globalCommitments.map(fromHex),
      proverTreeCommitment: fromHex(header.proverTreeCommitment),
      requestsRoot: fromHex(header.requestsRoot),
      signature: signature && {
        signature: fromHex(signature.signature),
        publicKey: fromHex(signature.publicKey),
        bitmask: fromHex(signature.bitmask),
      },
    }
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
