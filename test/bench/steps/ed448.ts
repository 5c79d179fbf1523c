/** Ed448 signatures (spec 10 section 4): what every message of a peer costs. */
import { demand, type Step } from '../step.ts'

const SEED_BYTES = 57
const MESSAGE_BYTES = 1_000
const OPERATIONS = 20

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

export const ed448Steps: readonly Step[] = [sign, verify]
