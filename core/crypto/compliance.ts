/** What every `Crypto` must do, with recorded data. Call it inside a Vitest file, in Node or in a browser. */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Crypto, HeaderFacts } from '../platform/crypto.ts'
import type { EngineCommittee, EngineRules } from '../platform/engine.ts'

/** Parts of `frames/global_chain.json` that are used. */
export interface GlobalChain {
  readonly committee: readonly { readonly public_key: string; readonly weight: number | string }[]
  readonly quorum_threshold: number | string
  readonly cases: readonly {
    readonly name: string
    readonly header_pb: string
    readonly identity: string
    readonly challenge?: string
    readonly signers?: readonly number[]
    readonly checks?: Readonly<Record<string, boolean | number>>
    readonly header: { readonly frame_number: number; readonly rank: number; readonly difficulty: number }
  }[]
}

/** Parts of `frames/global_negative.json` that are used. */
export interface GlobalNegative {
  readonly cases: readonly {
    readonly name: string
    readonly header_pb: string
    readonly strict_valid: boolean
    readonly checks: Readonly<Record<string, boolean | number>>
  }[]
}

/** Parts of `bls48581/sign_verify.json` and `poseidon/hash_bytes.json` that are used. */
export interface SignVerify {
  readonly cases: readonly {
    readonly secret_key?: string
    readonly message?: string
    readonly domain?: string
    readonly signature?: string
    readonly public_key?: string
    readonly strict_valid?: boolean
  }[]
}
export interface HashBytes {
  readonly cases: readonly { readonly message: string; readonly hash: string; readonly valid?: boolean }[]
}

export interface ComplianceData {
  readonly chain: GlobalChain
  readonly negative: GlobalNegative
  readonly signVerify: SignVerify
  readonly hashBytes: HashBytes
}

/** Committee and rules under which the recorded chain verifies. */
export function chainAnchors(chain: GlobalChain): { readonly committee: EngineCommittee; readonly rules: EngineRules } {
  const genesis = chain.cases[0]
  return {
    committee: {
      members: chain.committee.map(({ public_key, weight }) => ({ publicKey: public_key, weight: String(weight) })),
      threshold: String(chain.quorum_threshold),
    },
    rules: {
      genesisNumber: String(genesis?.header.frame_number ?? 0),
      genesisIdentity: genesis?.identity ?? '',
      proverInCommittee: true,
      difficultyFloor: 0,
    },
  }
}

/** `full`: the engine signs and solves; otherwise it must refuse to. */
export function cryptoCompliance(
  name: string,
  makeCrypto: () => Promise<Crypto>,
  options: { readonly full: boolean; readonly data: ComplianceData },
): void {
  const { chain, negative, signVerify, hashBytes } = options.data
  const { committee, rules } = chainAnchors(chain)
  const frames = chain.cases.slice(1)
  /** The recorded verdicts do not look at the leader's address, which neither proof nor signature covers. */
  const lenient = { ...rules, proverInCommittee: false }
  const bytesOf = (at: number): Uint8Array => hexToBytes(frames[at]?.header_pb ?? '')

  describe(`Crypto: ${name}`, () => {
    let crypto: Crypto
    beforeAll(async () => {
      crypto = await makeCrypto()
    })
    afterAll(async () => {
      await crypto.close()
    })

    test('header facts (FRM-01): challenge and identity as recorded', async () => {
      for (const { header_pb, identity, challenge, header } of frames) {
        const facts = await crypto.inspectHeader(hexToBytes(header_pb))
        expect(bytesToHex(facts.identity)).toBe(identity)
        expect(bytesToHex(facts.challenge)).toBe(challenge)
        expect(facts).toMatchObject({
          number: BigInt(header.frame_number),
          rank: BigInt(header.rank),
          difficulty: header.difficulty,
        })
        expect(facts.globalCommitments).toHaveLength(256)
      }
      expect(crypto.description).not.toBe('')
      expect(crypto.parallelism).toBeGreaterThan(0)
    })

    test('certificates (FRM-03, FRM-07): valid exactly where recorded, frames below quorum only for that', async () => {
      const handle = await crypto.openCommittee(committee)
      for (const frame of frames) {
        const verdict = await crypto.verifyCertificate(hexToBytes(frame.header_pb), handle, rules)
        expect([...verdict.signers], frame.name).toEqual(frame.signers)
        expect(verdict.valid, frame.name).toBe(frame.checks?.quorum)
        const failed = verdict.checks.filter((check) => !check.ok).map((check) => check.name)
        expect(failed, frame.name).toEqual(frame.checks?.quorum ? [] : ['quorum'])
        expect(verdict.signedWeight, frame.name).toBe(BigInt(frame.checks?.signed_weight ?? 0))
        expect(verdict.millis).toBeGreaterThanOrEqual(0)
        for (const check of verdict.checks) {
          expect(check.section).toMatch(/^\d\d \w+/)
          expect(check.millis, check.name).toBeLessThanOrEqual(verdict.millis)
        }
      }
      await crypto.closeCommittee(handle)
    })

    test('damaged headers (FRM-03, TRV-13): each is refused, or only its time proof is wrong', async () => {
      const handle = await crypto.openCommittee(committee)
      for (const damaged of negative.cases) {
        const header = hexToBytes(damaged.header_pb)
        const verdict = await crypto
          .verifyCertificate(header, handle, lenient)
          .catch((error: { code: string }) => error.code)
        const certified = typeof verdict === 'object' && verdict.valid
        if (damaged.strict_valid) expect(certified, damaged.name).toBe(true)
        else if (damaged.checks.vdf === true) expect(certified, damaged.name).toBe(false)
        if (typeof verdict === 'string') expect(verdict, damaged.name).toBe('decode')
      }
      await crypto.closeCommittee(handle)
    })

    test('signers by key (FRM-08): the embedded key decides, whatever the bitmask says', async () => {
      const handle = await crypto.openCommittee(committee)
      const byKey = { ...lenient, signersByKey: true }
      let rescued = 0
      for (const damaged of negative.cases) {
        if (damaged.checks.shape !== true || damaged.checks.signature !== true) continue
        const header = hexToBytes(damaged.header_pb)
        const plain = await crypto.verifyCertificate(header, handle, lenient)
        const keyed = await crypto.verifyCertificate(header, handle, byKey)
        expect(keyed.checks.map((check) => check.name)).not.toContain('bitmask')
        if (keyed.valid && !plain.valid) rescued++
      }
      expect(rescued).toBeGreaterThan(0)
      await crypto.closeCommittee(handle)
    })

    test('time proofs (FRM-03): right ones hold, one of another challenge does not', async () => {
      let progressed = 0
      for (const at of [0, 3]) {
        const check = await crypto.verifyTimeProof(bytesOf(at), { progress: () => progressed++ })
        expect(check).toMatchObject({ name: 'vdf', ok: true, reason: null })
        expect(check.millis).toBeGreaterThan(0)
      }
      expect(progressed).toBeGreaterThan(0)
      const wrong = negative.cases.find((damaged) => damaged.checks.shape === true && damaged.checks.vdf === false)
      const check = await crypto.verifyTimeProof(hexToBytes(wrong?.header_pb ?? ''))
      expect(check).toMatchObject({ name: 'vdf', ok: false })
      expect(check.reason).toBeTruthy()
    })

    test('hashes of bytes (CRY-10)', async () => {
      for (const { message, hash, valid } of hashBytes.cases) {
        const job = crypto.hashBytes(hexToBytes(message))
        if (valid === false) await expect(job).rejects.toMatchObject({ name: 'CryptoError' })
        else expect(bytesToHex(await job)).toBe(hash)
      }
    })

    test('bytes that are no header are refused as such, whatever they are', async () => {
      for (const bytes of [
        new Uint8Array(0),
        Uint8Array.of(1, 2, 3),
        new Uint8Array(65536),
        bytesOf(3).subarray(0, 9000),
      ]) {
        await expect(crypto.inspectHeader(bytes)).rejects.toMatchObject({ name: 'CryptoError', code: 'decode' })
        await expect(crypto.verifyTimeProof(bytes)).rejects.toMatchObject({ name: 'CryptoError', code: 'decode' })
      }
    })

    test('a committee that cannot be decoded is refused; equal ones share a handle; a closed one is a mistake', async () => {
      const broken = { members: [{ publicKey: '00'.repeat(585), weight: '1' }], threshold: null }
      await expect(crypto.openCommittee(broken)).rejects.toMatchObject({ code: 'decode' })
      const one = await crypto.openCommittee(committee)
      const two = await crypto.openCommittee(structuredClone(committee))
      expect(two).toBe(one)
      await crypto.closeCommittee(one)
      expect((await crypto.verifyCertificate(bytesOf(3), two, rules)).valid).toBe(true)
      await crypto.closeCommittee(two)
      await expect(crypto.verifyCertificate(bytesOf(3), two, rules)).rejects.toMatchObject({ code: 'arguments' })
    })

    test('jobs at the same time give the answers of jobs one by one, and leave their input alone', async () => {
      const handle = await crypto.openCommittee(committee)
      const inputs = [3, 4, 5].map(bytesOf)
      const copies = inputs.map((bytes) => bytes.slice())
      const answers = await Promise.all(
        inputs.flatMap((bytes) => [
          crypto.verifyCertificate(bytes, handle, rules).then((verdict) => verdict.valid),
          crypto.verifyTimeProof(bytes).then((check) => check.ok),
          crypto.inspectHeader(bytes).then((facts: HeaderFacts) => facts.number > 0n),
        ]),
      )
      expect(answers).toEqual(Array(9).fill(true))
      expect(inputs).toEqual(copies)
      await crypto.closeCommittee(handle)
    })

    test('a signal cancels a job before it starts and while it searches, and the next job runs', async () => {
      await expect(crypto.inspectHeader(bytesOf(3), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'cancelled',
      })
      // The search of this frame takes hundreds of candidates: the signal fires in the middle of it.
      const controller = new AbortController()
      const job = crypto.verifyTimeProof(bytesOf(4), { signal: controller.signal, progress: () => controller.abort() })
      await expect(job).rejects.toMatchObject({ name: 'CryptoError', code: 'cancelled' })
      expect((await crypto.inspectHeader(bytesOf(3))).number).toBeGreaterThan(0n)
    })

    if (options.full) {
      test('signs as recorded, sums keys and signatures (CRY-04)', async () => {
        const signed = signVerify.cases.filter((one) => one.secret_key && one.strict_valid).slice(0, 3)
        expect(signed.length).toBeGreaterThan(0)
        for (const { secret_key = '', message = '', domain = '', signature = '' } of signed) {
          const made = await crypto.sign(hexToBytes(secret_key), hexToBytes(message), hexToBytes(domain))
          expect(bytesToHex(made)).toBe(signature)
        }
        const key = hexToBytes(committee.members[0]?.publicKey ?? '')
        expect(await crypto.aggregateKeys([key])).toEqual(key)
        await expect(crypto.aggregateKeys([])).rejects.toMatchObject({ name: 'CryptoError' })
        await expect(crypto.aggregateSignatures([new Uint8Array(74)])).rejects.toMatchObject({ code: 'decode' })
      })

      test('makes keys, solves, and builds a header that it reads again (FRM-05)', async () => {
        const pair = await crypto.generateKey(new Uint8Array(32).fill(7))
        expect(pair.publicKey).toHaveLength(1170)
        let progress = 0
        const facts = await crypto.inspectHeader(bytesOf(3))
        const output = await crypto.solveVdf(facts.challenge, facts.difficulty, { progress: () => progress++ })
        expect(output).toEqual(facts.output)
        const { identity, challenge, ...fields } = facts
        const rebuilt = await crypto.buildHeader(fields)
        expect(rebuilt).toEqual(bytesOf(3))
        expect([identity.length, challenge.length]).toEqual([32, 32])
      })
    } else {
      test('the verifier module says that it does not sign or solve', async () => {
        const unsupported = { name: 'CryptoError', code: 'unsupported' }
        await expect(crypto.generateKey(new Uint8Array(32))).rejects.toMatchObject(unsupported)
        await expect(crypto.sign(new Uint8Array(73), utf8ToBytes('m'), utf8ToBytes('d'))).rejects.toMatchObject(
          unsupported,
        )
        await expect(crypto.solveVdf(new Uint8Array(32), 100)).rejects.toMatchObject(unsupported)
      })
    }

    test('after close everything is unavailable', async () => {
      const other = await makeCrypto()
      const pending = other.inspectHeader(bytesOf(3)).catch((error: { code: string }) => error.code)
      await other.close()
      await other.close()
      await expect(other.inspectHeader(bytesOf(3))).rejects.toMatchObject({ name: 'CryptoError', code: 'unavailable' })
      expect(['unavailable', 'object']).toContain(typeof (await pending) === 'object' ? 'object' : await pending)
    })
  })
}
