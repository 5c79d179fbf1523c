import type { FullEngine } from '../../core/platform/engine.ts'
import type { Kit } from './kit.ts'
import { demand, type Prepared, type Step } from './step.ts'

const domain = new TextEncoder().encode('global')
/** Votes are 46 bytes with their domain: identity, rank, `global`. */
const MESSAGE_BYTES = 40
const PAIRS = 8
const MANY = 100

interface Pair {
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

const pairs = (engine: FullEngine, kit: Kit, count: number, sameMessage = false): Pair[] =>
  Array.from({ length: count }, (_, index) => {
    const secret = kit.secret(index)
    const message = kit.bytes(sameMessage ? 7 : 100 + index, MESSAGE_BYTES)
    return { secret, key: engine.blsPublicKey(secret), message, signature: engine.blsSign(secret, message, domain) }
  })

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index % list.length]
  if (item === undefined) throw new Error('an empty list was measured')
  return item
}

const repeated = (operations: number, once: (index: number) => void): Prepared => ({
  operations,
  run(repetition) {
    for (let index = 0; index < operations; index++) once(repetition * operations + index)
  },
})

const verify: Step = {
  name: 'bls-verify',
  title: 'BLS verify, fresh bytes',
  reference: { native: 27_510, wasm: 15_440 },
  repetitions: { native: 40, wasm: 25 },
  prepare(engine, kit) {
    const list = pairs(engine, kit, PAIRS)
    return repeated(1, (index) => {
      const { key, signature, message } = at(list, index)
      demand(engine.blsVerify(key, signature, message, domain), 'a good signature was refused')
    })
  },
}

const verifyMulti: Step = {
  name: 'bls-verify-3',
  title: 'BLS verify, 3 keys, 3 messages',
  reference: { native: 39_890, wasm: 23_020 },
  repetitions: { native: 20, wasm: 12 },
  prepare(engine, kit) {
    const list = pairs(engine, kit, 3)
    const keys = list.map((pair) => pair.key)
    const messages = list.map((pair) => pair.message)
    const signature = engine.blsAggregateSignatures(list.map((pair) => pair.signature))
    return repeated(1, () =>
      demand(engine.blsVerifyMulti(keys, signature, messages, domain), 'a good signature was refused'),
    )
  },
}

const certificate: Step = {
  name: 'certificate',
  title: 'header certificate, committee keys cached',
  reference: { native: 27_510, wasm: 15_440 },
  repetitions: { native: 30, wasm: 20 },
  prepare(engine, kit) {
    const committee = new engine.Committee(kit.committee)
    const { header, rules } = kit
    const valid = (): boolean => (JSON.parse(committee.verifyCertificate(header, rules)) as { valid: boolean }).valid
    return repeated(1, () => demand(valid(), 'a good certificate was refused'))
  },
}

const sign: Step = {
  name: 'bls-sign',
  title: 'BLS sign, 46 bytes',
  reference: { native: 1_009, wasm: 715 },
  repetitions: { native: 40, wasm: 30 },
  prepare(engine, kit) {
    const list = pairs(engine, kit, PAIRS)
    return repeated(4, (index) => void engine.blsSign(at(list, index).secret, at(list, index).message, domain))
  },
}

const keygen: Step = {
  name: 'bls-keygen',
  title: 'BLS key generation with proof of possession',
  reference: { native: 9_400, wasm: 5_510 },
  repetitions: { native: 20, wasm: 12 },
  prepare: (engine, kit) => repeated(1, (index) => void engine.blsGenerateKey(kit.bytes(500 + index, 64))),
}

const aggregateFresh: Step = {
  name: 'bls-aggregate-100',
  title: 'BLS aggregate 100 keys and signatures from bytes',
  reference: { native: 82_150, wasm: 58_830 },
  repetitions: { native: 10, wasm: 5 },
  prepare(engine, kit) {
    const list = pairs(engine, kit, MANY, true)
    const keys = list.map((pair) => pair.key)
    const signatures = list.map((pair) => pair.signature)
    return repeated(1, () => {
      engine.blsAggregateKeys(keys)
      engine.blsAggregateSignatures(signatures)
    })
  },
}

const aggregateCached: Step = {
  name: 'bls-aggregate-100-cached',
  title: 'BLS aggregate 100, keys cached',
  reference: { native: 82_150, wasm: 58_830 },
  repetitions: { native: 15, wasm: 8 },
  prepare(engine, kit) {
    const list = pairs(engine, kit, MANY, true)
    const members = list.map(({ key }) => ({ publicKey: hex(key), weight: '1' }))
    const committee = new engine.Committee(JSON.stringify({ members, threshold: null }))
    const sum = committee.aggregateKey?.bind(committee)
    if (sum === undefined) return 'this build sums cached keys only inside the certificate check'
    const everyone = Uint8Array.from({ length: 13 }, (_, index) => (index < 12 ? 0xff : 0x0f))
    const expected = engine.blsAggregateKeys(list.map((pair) => pair.key))
    demand(hex(sum(everyone)) === hex(expected), 'the sum of cached keys')
    const signatures = list.map((pair) => pair.signature)
    return repeated(1, () => {
      sum(everyone)
      engine.blsAggregateSignatures(signatures)
    })
  },
}

const hashToG1: Step = {
  name: 'hash-to-g1',
  title: 'hash to G1',
  reference: { native: 588, wasm: 418 },
  repetitions: { native: 40, wasm: 30 },
  prepare(engine, kit) {
    const messages = Array.from({ length: PAIRS }, (_, index) => kit.bytes(900 + index, 46))
    return repeated(6, (index) => void engine.blsHashToG1(at(messages, index)))
  },
}

const decode = (group: 'G1' | 'G2', operations: number, native: number, wasm: number): Step => ({
  name: `decode-${group.toLowerCase()}`,
  title: `decode ${group} strictly (with subgroup test)`,
  // Decoding and subgroup test of the reference; in WASM it was measured without the test.
  reference: { native, wasm: null },
  repetitions: { native: 30, wasm: wasm },
  prepare(engine, kit) {
    const points = pairs(engine, kit, PAIRS).map((pair) => (group === 'G1' ? pair.signature : pair.key))
    const call = group === 'G1' ? engine.blsDecodeG1 : engine.blsDecodeG2
    return repeated(operations, (index) => void call(at(points, index)))
  },
})

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const blsSteps: readonly Step[] = [
  verify,
  verifyMulti,
  certificate,
  sign,
  keygen,
  aggregateFresh,
  aggregateCached,
  hashToG1,
  decode('G1', 10, 58 + 406, 20),
  decode('G2', 2, 721 + 1_823, 20),
]
