/** A worker of the benchmark page: one engine, one question at a time. */
import type { EngineDiscriminantSearch, FullEngine } from '../../../core/platform/engine.ts'
import { Kit } from '../kit.ts'
import { runStep } from '../run-steps.ts'
import type { Answer, Question } from './messages.ts'

interface WasmModule extends FullEngine {
  default(options: { module_or_path: string }): Promise<unknown>
}

const BITS = 2048
const clock = (): number => performance.now() * 1e6
let engine: FullEngine | undefined
/** The search of the newest challenge: later slices of it reuse its sieve. */
let search: { readonly challenge: string; readonly handle: EngineDiscriminantSearch } | undefined

async function load(variant: string): Promise<FullEngine> {
  const folder = `/wasm-crates/dist/full/${variant}`
  const module = (await import(/* @vite-ignore */ `${folder}/petal.js`)) as WasmModule
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

async function answer(question: Question): Promise<Answer> {
  if (question.type === 'load') {
    engine = await load(question.variant)
    return { type: 'engine', engine: engine.describe() }
  }
  if (question.type === 'step')
    return { type: 'result', result: runStep(question.step, 'chromium', loaded(), new Kit(question.kit), clock) }
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
