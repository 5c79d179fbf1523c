/** The benchmark page: starts workers and hands `window.bench` to the driver. */
import type { WasmVariant } from '../../engines/wasm.ts'
import type { KitData } from '../kit.ts'
import type { StepResult } from '../platforms.ts'
import type { VerifierStart } from '../tab-steps.ts'
import type { Answer, Question } from './messages.ts'

/** Candidates per slice: one slice takes a few milliseconds, so both workers stop soon after one has found. */
const SLICE = 24

class BenchWorker {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

  end(): void {
    this.#worker.terminate()
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = (event: MessageEvent<Answer>) =>
        event.data.type === 'failed' ? reject(new Error(event.data.reason)) : resolve(event.data)
      this.#worker.onerror = (event) => reject(new Error(event.message))
      this.#worker.postMessage(question)
    })
  }
}

const expectType = <T extends Answer['type']>(answer: Answer, type: T): Extract<Answer, { type: T }> => {
  if (answer.type !== type) throw new Error(`the worker answered ${answer.type}, not ${type}`)
  return answer as Extract<Answer, { type: T }>
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))

/** Both workers take slices in turn until the smallest prime is known. Answers wall milliseconds. */
async function searchTogether(workers: readonly BenchWorker[], challenge: Uint8Array): Promise<number> {
  const start = performance.now()
  let next = 0
  let found = Number.POSITIVE_INFINITY
  const lane = async (worker: BenchWorker): Promise<void> => {
    while (next < found) {
      const from = next
      next += SLICE
      const { index } = expectType(await worker.ask({ type: 'search', challenge, from, count: SLICE }), 'found')
      if (index >= 0) found = Math.min(found, index)
    }
  }
  await Promise.all(workers.map(lane))
  return performance.now() - start
}

/** What the driver calls. */
export interface BenchPage {
  load(variant: WasmVariant): Promise<string>
  step(step: string, kit: KitData): Promise<StepResult>
  /** Wall milliseconds of each challenge with two workers, and nanoseconds of the unit before and after each. */
  searches(challenges: readonly string[]): Promise<readonly { millis: number; unitNanos: number }[]>
  /** Starts the verifier in a new worker that ends afterwards; with the unit around it. */
  start(variant: WasmVariant, traversal: KitData['traversal']): Promise<VerifierStart & { unitNanos: number }>
}

declare global {
  interface Window {
    bench: BenchPage
  }
}

const workers = [new BenchWorker(), new BenchWorker()] as const

const unitNanos = async (): Promise<number> =>
  expectType(await workers[0].ask({ type: 'unit', iterations: 1_000 }), 'nanos').nanos

window.bench = {
  async load(variant) {
    const answers = await Promise.all(workers.map((worker) => worker.ask({ type: 'load', variant })))
    return expectType(answers[0] ?? { type: 'failed', reason: 'no worker' }, 'engine').engine
  },
  step: async (step, kit) => expectType(await workers[0].ask({ type: 'step', step, kit }), 'result').result,
  async searches(challenges) {
    const first = challenges[0]
    if (first !== undefined) await searchTogether(workers, fromHex(first))
    const samples: { millis: number; unitNanos: number }[] = []
    for (const challenge of challenges) {
      const before = await unitNanos()
      const millis = await searchTogether(workers, fromHex(challenge))
      samples.push({ millis, unitNanos: (before + (await unitNanos())) / 2 })
    }
    return samples
  },
  async start(variant, traversal) {
    const worker = new BenchWorker()
    try {
      const before = await unitNanos()
      const { start } = expectType(await worker.ask({ type: 'start', variant, traversal }), 'started')
      return { ...start, unitNanos: (before + (await unitNanos())) / 2 }
    } finally {
      worker.end()
    }
  },
}
