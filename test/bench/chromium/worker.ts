/** A worker of the benchmark page: one engine, one question at a time. */
import type {
  EngineDiscriminantSearch,
  EngineTraversal,
  FullEngine,
  VerifierEngine,
} from '../../../core/platform/engine.ts'
import { Kit, type KitData } from '../kit.ts'
import { runStep } from '../run-steps.ts'
import { demand } from '../step.ts'
import type { VerifierStart } from '../tab-steps.ts'
import type { Answer, Question } from './messages.ts'

type WasmModule<E> = E & {
  default(options: { module_or_path: string }): Promise<unknown>
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))

const BITS = 2048
const clock = (): number => performance.now() * 1e6
let engine: FullEngine | undefined
/** The search of the newest challenge: later slices of it reuse its sieve. */
let search: { readonly challenge: string; readonly handle: EngineDiscriminantSearch } | undefined

async function load<E extends VerifierEngine>(kind: 'full' | 'verifier', variant: string): Promise<E> {
  const folder = `/wasm-crates/dist/${kind}/${variant}`
  const module = (await import(/* @vite-ignore */ `${folder}/petal.js`)) as WasmModule<E>
  await module.default({ module_or_path: `${folder}/petal_bg.wasm` })
  return module
}

function loaded(): FullEngine {
  if (engine === undefined) throw new Error('the worker has no engine yet')
  return engine
}

function testSlice(challenge: Uint8Array, from: number, count: number): number {
  const key = String(challenge)
  if (search?.challenge !== key) {
    search?.handle.free()
    search = { challenge: key, handle: new (loaded().DiscriminantSearch)(challenge, BITS) }
  }
  return search.handle.testRange(from, count)
}

const LATER_PROOFS = 5

/** Loads the verifier module and checks the same proof several times; this worker did nothing before. */
async function startVerifier(variant: string, traversal: KitData['traversal']): Promise<VerifierStart> {
  const [root, key, proof] = [fromHex(traversal.root), fromHex(traversal.key), fromHex(traversal.proof)]
  const start = clock()
  const verifier = await load<VerifierEngine>('verifier', variant)
  const ready = clock()
  const check = (): number => {
    const before = clock()
    const { valid } = JSON.parse(verifier.traversalVerify(root, [key], proof)) as EngineTraversal
    demand(valid, 'a good proof was refused')
    return (clock() - before) / 1e6
  }
  const firstMillis = check()
  const later = Array.from({ length: LATER_PROOFS }, check)
  return { loadMillis: (ready - start) / 1e6, firstMillis, laterMillis: Math.min(...later) }
}

async function answer(question: Question): Promise<Answer> {
  if (question.type === 'load') {
    engine = await load<FullEngine>('full', question.variant)
    return { type: 'engine', engine: engine.describe() }
  }
  if (question.type === 'step')
    return { type: 'result', result: runStep(question.step, 'chromium', loaded(), new Kit(question.kit), clock) }
  if (question.type === 'start')
    return { type: 'started', start: await startVerifier(question.variant, question.traversal) }
  if (question.type === 'search')
    return { type: 'found', index: testSlice(question.challenge, question.from, question.count) }
  const start = clock()
  loaded().calibrationUnit(question.iterations)
  return { type: 'nanos', nanos: (clock() - start) / question.iterations }
}

addEventListener('message', (event: MessageEvent<Question>) => {
  answer(event.data)
    .catch(
      (thrown: unknown): Answer => ({
        type: 'failed',
        reason: thrown instanceof Error ? thrown.message : String(thrown),
      }),
    )
    .then((reply) => postMessage(reply))
})
