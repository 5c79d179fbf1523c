/** Ed448 signatures (spec 10 section 4): what every message of a peer costs. */
import { demand, type Step } from '../step.ts'

const SEED_BYTES = 57
const MESSAGE_BYTES = 1_000
const OPERATIONS = 20
/** The reference has no such form. */
const NONE = { native: null, wasm: null }

const sign: Step = {
  name: 'ed448-sign',
  title: 'Ed448 sign, 1 kB',
  reference: { native: 3_100, wasm: null },
  repetitions: { native: 40, wasm: 20 },
  prepare(engine, kit) {
    const [seed, message] = [kit.bytes(4_001, SEED_BYTES), kit.bytes(4_002, MESSAGE_BYTES)]
    const signature = engine.ed448Sign(seed, message)
    demand(engine.ed448Verify(engine.ed448PublicKey(seed), message, signature), 'a signature that does not hold')
    return {
      operations: OPERATIONS,
      run() {
        for (let index = 0; index < OPERATIONS; index++) engine.ed448Sign(seed, message)
      },
    }
  },
}

const verify: Step = {
  name: 'ed448-verify',
  title: 'Ed448 verify, 1 kB',
  reference: { native: 3_390, wasm: null },
  repetitions: { native: 40, wasm: 20 },
  prepare(engine, kit) {
    const [seed, message] = [kit.bytes(4_001, SEED_BYTES), kit.bytes(4_002, MESSAGE_BYTES)]
    const [publicKey, signature] = [engine.ed448PublicKey(seed), engine.ed448Sign(seed, message)]
    demand(!engine.ed448Verify(publicKey, message.subarray(1), signature), 'another message was accepted')
    return {
      operations: OPERATIONS,
      run() {
        for (let index = 0; index < OPERATIONS; index++)
          demand(engine.ed448Verify(publicKey, message, signature), 'a good signature was refused')
      },
    }
  },
}

const signExpanded: Step = {
  name: 'ed448-sign-expanded',
  title: 'Ed448 sign by an expanded key, 1 kB',
  reference: NONE,
  repetitions: { native: 40, wasm: 20 },
  prepare(engine, kit) {
    const [seed, message] = [kit.bytes(4_001, SEED_BYTES), kit.bytes(4_002, MESSAGE_BYTES)]
    const [publicKey, expanded] = [engine.ed448PublicKey(seed), engine.ed448ExpandedKey(seed)]
    const signature = engine.ed448SignExpanded(expanded, message)
    demand(engine.ed448Verify(publicKey, message, signature), 'a signature that does not hold')
    return {
      operations: OPERATIONS,
      run() {
        for (let index = 0; index < OPERATIONS; index++) engine.ed448SignExpanded(expanded, message)
      },
    }
  },
}

/** Signatures that are verified together. */
const TOGETHER = 64

/** `keys`: how many authors the signatures are of. */
const verifyBatch = (name: string, keys: number, whose: string): Step => ({
  name,
  title: `Ed448 verify, 1 kB, each of ${TOGETHER} together, ${whose}`,
  reference: NONE,
  repetitions: { native: 20, wasm: 10 },
  prepare(engine, kit) {
    const signed = Array.from({ length: TOGETHER }, (_, index) => {
      const [seed, message] = [kit.bytes(4_010 + (index % keys), SEED_BYTES), kit.bytes(4_100 + index, MESSAGE_BYTES)]
      return { key: engine.ed448PublicKey(seed), message, signature: engine.ed448Sign(seed, message) }
    })
    const publicKeys = signed.map(({ key }) => key)
    const messages = signed.map(({ message }) => message)
    const signatures = signed.map(({ signature }) => signature)
    const holding = () => engine.ed448VerifyBatch(publicKeys, messages, signatures).filter((verdict) => verdict === 1)
    const others = engine.ed448VerifyBatch(publicKeys, messages.toReversed(), signatures)
    demand(!others.includes(1), 'another message was accepted')
    return { operations: TOGETHER, run: () => demand(holding().length === TOGETHER, 'a good signature was refused') }
  },
})

export const ed448Steps: readonly Step[] = [
  sign,
  signExpanded,
  verify,
  verifyBatch('ed448-verify-batch', TOGETHER, 'of as many keys'),
  verifyBatch('ed448-verify-batch-one-key', 1, 'of one key'),
]
