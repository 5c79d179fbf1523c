#!/usr/bin/env node
/**
 * `npm run fuzz`: random and mutated input for everything that reads what others send. Each group runs in processes of its own,
 * so that a crash is a finding and not the end. The same seed gives the same inputs.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { choose, type Finding, type Report, targetsOf } from './fuzz/campaign.ts'

const GROUPS = ['engines', 'core', 'codec']
const MOST_CRASHES = 10
const HANG_MILLIS = 120_000
/** Time for a number of inputs, where none is given. */
const LONGEST_SECONDS = '3600'
const HELP = `usage: npm run -s fuzz -- [--seconds N] [--inputs N] [--seed N] [--only ${GROUPS.join('|')}] [--at NUMBER]

  --seconds  time per group (default 60; with --inputs, 3600)
  --inputs   end after so many inputs per group (default: when the time is over)
  --seed     whole number (default 1)
  --at       run only the input of that number, of the group given by --only, and print its outcomes
`

const folder = join(import.meta.dirname, '../.petal/fuzz')

/** Runs one process until its time is over or it ends by itself. `report` is null when it crashed or hung. */
function runProcess(
  group: string,
  seed: number,
  first: number,
  last: number,
  seconds: number,
  note: string,
): Promise<{ report: Report | null; ended: string }> {
  const script = join(import.meta.dirname, 'fuzz/campaign.ts')
  const numbers = [seed, first, last, seconds].map(String)
  const child = spawn(process.execPath, [script, group, ...numbers, note], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + HANG_MILLIS)
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const line = output.trim().split('\n').at(-1) ?? ''
      const report = code === 0 ? (JSON.parse(line) as Report) : null
      resolve({ report, ended: `the process ended with ${signal ?? `code ${code}`}` })
    })
  })
}

async function runGroup(group: string, seed: number, last: number, seconds: number): Promise<readonly Finding[]> {
  await targetsOf(group) // says so when something is not built, before that looks like a crash
  const note = join(folder, `${group}-number`)
  const end = performance.now() + seconds * 1000
  const findings: Finding[] = []
  const byTarget: Record<string, number> = {}
  let [next, inputs, refused] = [0, 0, 0]
  while (next < last && performance.now() < end && findings.length < MOST_CRASHES) {
    const left = Math.max(1, (end - performance.now()) / 1000)
    const { report, ended } = await runProcess(group, seed, next, last, left, note)
    if (report === null) {
      const number = Number(readFileSync(note, 'utf8').trim() || next)
      findings.push({
        number,
        target: '?',
        problem: ended,
        input: `run again with --only ${group} --seed ${seed} --at ${number}`,
      })
      inputs += number - next + 1
      next = number + 1
      continue
    }
    findings.push(...report.findings)
    inputs += report.inputs
    refused += report.refused
    next = report.next
    for (const [name, count] of Object.entries(report.byTarget)) byTarget[name] = (byTarget[name] ?? 0) + count
  }
  console.log(`${group}: ${inputs} inputs, ${refused} refused with a typed error, ${findings.length} findings`)
  for (const [name, count] of Object.entries(byTarget)) console.log(`  ${name.padEnd(24)}${String(count).padStart(9)}`)
  for (const { number, target, problem, input } of findings) {
    console.log(
      `FINDING ${group} --seed ${seed} --at ${number} ${target}\n  ${problem.replaceAll('\n', '\n  ')}\n  input ${input}`,
    )
  }
  if (inputs === 0) throw new Error(`${group}: no input was run`)
  if (Number.isFinite(last) && next < last && findings.length === 0)
    throw new Error(`${group}: the time was over after ${inputs} of ${last} inputs`)
  return findings
}

async function runOne(group: string, seed: number, number: number): Promise<void> {
  const { target, random } = choose(await targetsOf(group), seed, number)
  console.log(`${target.name}, input ${number} of seed ${seed}`)
  const { input, outcomes } = target.run(random)
  console.log(`input ${input}`)
  for (const outcome of outcomes) console.log(outcome)
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`--${name} wants a whole number, not ${text}`)
  return value
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      inputs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      at: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const seed = wholeNumber(values.seed, 'seed')
  const last = values.inputs === undefined ? Number.POSITIVE_INFINITY : wholeNumber(values.inputs, 'inputs')
  const seconds = wholeNumber(values.seconds ?? (values.inputs === undefined ? '60' : LONGEST_SECONDS), 'seconds')
  if (values.only !== undefined && !GROUPS.includes(values.only)) throw new TypeError(`no such group: ${values.only}`)
  if (values.at !== undefined) {
    if (values.only === undefined) throw new TypeError('--at needs --only')
    await runOne(values.only, seed, wholeNumber(values.at, 'at'))
    return 0
  }
  mkdirSync(folder, { recursive: true })
  let findings = 0
  for (const group of values.only === undefined ? GROUPS : [values.only])
    findings += (await runGroup(group, seed, last, seconds)).length
  console.log(findings === 0 ? '\nnothing found' : `\n${findings} findings`)
  return findings === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const usage = error instanceof TypeError ? `\n\n${HELP}` : ''
  console.error(`fuzz: ${error instanceof Error ? error.message : error}${usage}`)
  process.exitCode = 2
}
