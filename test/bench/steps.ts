/**
 * The measured steps. This file runs in Node and in a browser's worker: it knows engines and plain data only.
 * Each step proves its own result while it is prepared, so that nothing wrong is ever timed.
 */
import { blsSteps } from './bls-steps.ts'
import type { Step } from './step.ts'
import { codecSteps } from './steps/codec.ts'
import { ed448Steps } from './steps/ed448.ts'
import { kzgSteps } from './steps/kzg.ts'
import { treeSteps } from './steps/trees.ts'
import { vdfSteps } from './vdf-steps.ts'

const poseidon: Step = {
  name: 'poseidon',
  title: 'Poseidon of 516 bytes',
  // The older node's library is the better of the two references.
  reference: { native: 184, wasm: null },
  repetitions: { native: 60, wasm: 40 },
  prepare(engine, kit) {
    const message = kit.bytes(1, 516)
    return {
      operations: 20,
      run() {
        for (let index = 0; index < 20; index++) engine.poseidonHashBytes(message)
      },
    }
  },
}

export const STEPS: readonly Step[] = [
  ...blsSteps,
  poseidon,
  ...vdfSteps,
  ...kzgSteps,
  ...treeSteps,
  ...ed448Steps,
  ...codecSteps,
]
