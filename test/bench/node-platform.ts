import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { NodeReport, NodeRequest } from './node-child.ts'
import type { PlatformResult, StepResult } from './platforms.ts'

const script = fileURLToPath(new URL('./node-child.ts', import.meta.url))

/** Measures steps in a fresh Node process; `progress` hears of each step's end. */
export function measureInNode(request: NodeRequest, progress: (step: string) => void): Promise<PlatformResult> {
  const child = fork(script, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const steps: StepResult[] = []
  let engine = ''
  let reason = 'the process ended before this step'
  child.send(request)
  return new Promise((resolve) => {
    child.on('message', (report: NodeReport) => {
      if (report.type === 'engine') engine = report.engine
      else if (report.type === 'failed') reason = report.reason
      else if (report.type === 'step') {
        steps.push(report.result)
        progress(report.result.step)
      }
    })
    child.on('exit', () => {
      const missing = request.steps.filter((name) => !steps.some((result) => result.step === name))
      for (const step of missing) steps.push({ step, figures: null, reason })
      resolve({ platform: request.platform, engine, steps })
    })
  })
}
