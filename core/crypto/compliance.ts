/** What every `Crypto` must do, with recorded data. Call it inside a Vitest file, in Node or in a browser. */
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Crypto, HeaderFacts, RootLeaf } from '../platform/crypto.ts'
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

/** Parts of `tries/traversal.json` that are used. */
export interface Traversals {
  readonly cases: readonly {
    readonly name: string
    readonly root: string
    readonly keys: readonly string[]
    readonly valid: boolean
    readonly multicommitment?: string
    readonly proof?: string
    readonly sub_proofs?: readonly {
      readonly commits: readonly string[]
      readonly ys: readonly string[]
      readonly paths: readonly (readonly number[])[]
    }[]
  }[]
}

/** Parts of `tries/trees.json` that are used. */
export interface RecordedTrees {
  readonly cases: readonly {
    readonly name: string
    readonly root?: string
    readonly operations: readonly {
      readonly op: string
      readonly key?: string
      readonly value?: string
      readonly hash_target?: string
    }[]
  }[]
}

export interface ComplianceData {
  readonly chain: GlobalChain
  readonly negative: GlobalNegative
  readonly signVerify: SignVerify
  readonly hashBytes: HashBytes
  readonly traversals: Traversals
  readonly trees: RecordedTrees
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
  const { chain, negative, signVerify, hashBytes, traversals, trees } = options.data
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

    test('CVT-09 traversal proofs: valid exactly where recorded, and what they prove', async () => {
      const proved = traversals.cases.filter(({ sub_proofs }) => sub_proofs !== undefined)
      expect(new Set(proved.map(({ valid }) => valid)).size).toBe(2)
      for (const recorded of proved) {
        const keys = recorded.keys.map(hexToBytes)
        const verdict = await crypto.verifyTraversal(hexToBytes(recorded.root), keys, plainForm(recorded))
        expect(verdict.valid, recorded.name).toBe(recorded.valid)
        const values = recorded.valid ? recorded.sub_proofs?.map(({ ys }) => ys.at(-1)) : []
        expect(verdict.values.map(bytesToHex), recorded.name).toEqual(values)
        expect(verdict.reason === null, recorded.name).toBe(recorded.valid)
        expect(verdict.millis).toBeGreaterThanOrEqual(0)
      }
    })

    test('bytes that are no proof, no root or no key are a verdict, not an error', async () => {
      const good = traversals.cases.find(({ valid }) => valid)
      const [root, proof] = [hexToBytes(good?.root ?? ''), good ? plainForm(good) : new Uint8Array(0)]
      const keys = good?.keys.map(hexToBytes) ?? []
      const asked: [Uint8Array, Uint8Array[], Uint8Array][] = [
        [root, keys, new Uint8Array(0)],
        [root, keys, new Uint8Array(4096).fill(0xff)],
        [root, keys, proof.subarray(0, proof.length - 1)],
        [root, keys, Uint8Array.of(...proof, 0)],
        [new Uint8Array(64), keys, proof],
        [new Uint8Array(3), keys, proof],
        [root, [], proof],
        [root, [...keys, ...keys], proof],
        [root, [new Uint8Array(0)], proof],
        [root, [new Uint8Array(1000)], proof],
      ]
      for (const [at, wanted, sent] of asked) {
        expect(await crypto.verifyTraversal(at, wanted, sent)).toMatchObject({ valid: false, values: [] })
      }
      expect((await crypto.verifyTraversal(root, keys, proof)).valid).toBe(true)
    })

    test('CVT-05 roots are rebuilt from leaves, in any order', async () => {
      const built = trees.cases.filter(({ root, operations }) => root && operations.length <= MOST_OPERATIONS)
      expect(built.length).toBeGreaterThan(10)
      for (const recorded of built) {
        const leaves = leavesAfter(recorded)
        expect(bytesToHex(await crypto.rebuildRoot(leaves)), recorded.name).toBe(recorded.root)
        expect(bytesToHex(await crypto.rebuildRoot(leaves.toReversed())), recorded.name).toBe(recorded.root)
      }
    })

    test('leaves that no tree can hold are a mistake of the caller', async () => {
      const leaf = (key: string) => ({ key: hexToBytes(key), value: Uint8Array.of(1), hashTarget: new Uint8Array(0) })
      for (const keys of [[''], ['11', '1100'], ['01', ''], ['00'.repeat(32), '00'.repeat(31)]]) {
        await expect(crypto.rebuildRoot(keys.map(leaf)), keys.join()).rejects.toMatchObject({ code: 'arguments' })
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

/** Operations of the largest tree that is rebuilt: all of them would take long in a browser. */
const MOST_OPERATIONS = 100

/** Leaves of a recorded tree after all its operations. */
function leavesAfter({ operations }: RecordedTrees['cases'][number]): RootLeaf[] {
  const leaves = new Map<string, RootLeaf>()
  for (const { op, key = '', value = '', hash_target = '' } of operations) {
    if (op === 'delete') leaves.delete(key)
    if (op !== 'insert') continue
    leaves.set(key, { key: hexToBytes(key), value: hexToBytes(value), hashTarget: hexToBytes(hash_target) })
  }
  return [...leaves.values()]
}

/** Bytes of a recorded proof in the plain form (spec 20 section 9.4). */
function plainForm({ multicommitment = '', proof = '', sub_proofs = [] }: Traversals['cases'][number]): Uint8Array {
  const multiproof = concatBytes(sized(hexToBytes(multicommitment)), sized(hexToBytes(proof)))
  const subs = sub_proofs.map(({ commits, ys, paths }) => {
    const path = (elements: readonly number[]) => list(elements.map((element) => concatBytes(u32(0), u32(element))))
    return concatBytes(
      ...[commits, ys].map((items) => list(items.map((hex) => sized(hexToBytes(hex))))),
      list(paths.map(path)),
    )
  })
  return concatBytes(sized(multiproof), list(subs))
}

const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
const sized = (bytes: Uint8Array): Uint8Array => concatBytes(u32(bytes.length), bytes)
const list = (items: readonly Uint8Array[]): Uint8Array => concatBytes(u32(items.length), ...items)
