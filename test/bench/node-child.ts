/** Child process that measures steps on one engine in Node, so that platforms do not share a compiler's state. */

import type { FullEngine } from '../../core/platform/engine.ts'
import { loadNativeEngine } from '../engines/native.ts'
import { loadWasmEngine, type WasmVariant } from '../engines/wasm.ts'
import { Kit, type KitData } from './kit.ts'
import type { Clock } from './measure.ts'
import type { Platform, StepResult } from './platforms.ts'
import { runStep } from './run-steps.ts'

export interface NodeRequest {
  readonly platform: Platform
  readonly variant: WasmVariant
  readonly steps: readonly string[]
  readonly kit: KitData
}

export type NodeReport =
  | { readonly type: 'engine'; readonly engine: string }
  | { readonly type: 'step'; readonly result: StepResult }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'done' }

/** CPU time of the whole process: an addon may use threads of its own. */
const processClock: Clock = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1_000
}

/** CPU time of this thread: without the threads on which the JavaScript engine compiles. */
const threadClock: Clock = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1_000
}

async function load({ platform, variant }: NodeRequest): Promise<FullEngine> {
  if (platform === 'wasm') return loadWasmEngine(variant)
  const engine = loadNativeEngine()
  engine.setPortable(platform === 'portable')
  return engine
}

const say = (report: NodeReport): Promise<void> =>
  new Promise((resolve, reject) => process.send?.(report, (error: Error | null) => (error ? reject(error) : resolve())))

async function run(request: NodeRequest): Promise<void> {
  const engine = await load(request)
  await say({ type: 'engine', engine: engine.describe() })
  const clock = request.platform === 'wasm' ? threadClock : processClock
  const kit = new Kit(request.kit)
  for (const name of request.steps)
    await say({ type: 'step', result: runStep(name, request.platform, engine, kit, clock) })
}

process.on('disconnect', () => process.exit(0))
process.on('message', (request: NodeRequest) => {
  run(request)
    .catch((thrown: unknown) =>
      say({ type: 'failed', reason: thrown instanceof Error ? thrown.message : String(thrown) }),
    )
    .then(() => say({ type: 'done' }))
    .then(() => process.disconnect())
})
