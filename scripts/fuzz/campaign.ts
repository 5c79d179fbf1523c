/**
 * One process of a campaign: `node campaign.ts GROUP SEED FIRST LAST SECONDS NOTE`. Before each input it writes its number to the
 * file NOTE, so that the parent knows which one ended the process. Prints one JSON line.
 */
import { openSync, writeSync } from 'node:fs'
import { codecTargets } from './codec.ts'
import { coreTargets } from './core-targets.ts'
import { Random } from './random.ts'
import type { Outcome, Target } from './target.ts'

/** Longer than any honest call here takes on a slow machine. */
const SLOW_MILLIS = 20_000
const MOST_FINDINGS = 20

export interface Finding {
  readonly number: number
  readonly target: string
  readonly problem: string
  readonly input: string
}

export interface Report {
  readonly inputs: number
  readonly next: number
  readonly refused: number
  readonly byTarget: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

export async function targetsOf(group: string): Promise<Target[]> {
  if (group === 'core') return coreTargets()
  if (group === 'codec') return codecTargets()
  const { engineTargets } = await import('./engine-targets.ts')
  const { loadNativeEngine } = await import('../../test/engines/native.ts')
  const { loadWasmEngine } = await import('../../test/engines/wasm.ts')
  return engineTargets([await loadWasmEngine(), loadNativeEngine()])
}

/** Target and generator of input `number`; the same for the same seed. */
export function choose(targets: readonly Target[], seed: number, number: number): { target: Target; random: Random } {
  const random = new Random(seed, number)
  let at = random.below(targets.reduce((sum, { weight }) => sum + weight, 0))
  const target = targets.find(({ weight }) => {
    at -= weight
    return at < 0
  })
  if (target === undefined) throw new Error('there is no target')
  return { target, random }
}

/** What is wrong with the outcomes of one input; undefined when nothing is. */
export function problemOf(outcomes: readonly Outcome[]): string | undefined {
  const wrong = outcomes.find((outcome) => outcome.startsWith('wrong'))
  if (wrong !== undefined) return wrong
  if (new Set(outcomes).size <= 1) return undefined
  return `different outcomes: ${outcomes.map((outcome) => outcome.slice(0, 300)).join(' | ')}`
}

/** Runs the inputs from `first` to before `last`, or until the time is over. */
export async function campaign(
  group: string,
  seed: number,
  first: number,
  last: number,
  seconds: number,
  note: string,
): Promise<Report> {
  const targets = await targetsOf(group)
  const file = openSync(note, 'w')
  const end = performance.now() + seconds * 1000
  const byTarget: Record<string, number> = {}
  const findings: Finding[] = []
  let number = first
  let refused = 0
  for (; number < last && performance.now() < end && findings.length < MOST_FINDINGS; number++) {
    writeSync(file, String(number).padStart(16), 0)
    const { target, random } = choose(targets, seed, number)
    const start = performance.now()
    const { input, outcomes } = target.run(random)
    const millis = performance.now() - start
    byTarget[target.name] = (byTarget[target.name] ?? 0) + 1
    if (outcomes[0]?.startsWith('error:')) refused++
    const problem = problemOf(outcomes) ?? (millis > SLOW_MILLIS ? `took ${Math.round(millis)} ms` : undefined)
    if (problem !== undefined) findings.push({ number, target: target.name, problem, input })
    // an instance that trapped is in an unknown state: the parent starts a new process behind it
    if (problem?.includes('RuntimeError'))
      return { inputs: number + 1 - first, next: number + 1, refused, byTarget, findings }
  }
  return { inputs: number - first, next: number, refused, byTarget, findings }
}

if (import.meta.main) {
  const [group = 'core', seed = '1', first = '0', last = 'Infinity', seconds = '1', note = '/dev/null'] =
    process.argv.slice(2)
  console.log(JSON.stringify(await campaign(group, Number(seed), Number(first), Number(last), Number(seconds), note)))
}
