import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { WasmVariant } from '../engines/wasm.ts'
import type { Build } from './job.ts'

export const USAGE = `usage: npm run -s conformance -- [DIR] [AREA ...] [--engine wasm|native|all] [--json FILE] [--due] [--jobs N] [--variant V] [--portable]

Runs DIR/AREA/*.json (default test/vectors, every area) and says for each file how many cases passed.
An AREA may also name one file: vdf/solve.

  --engine E   engine of the areas backed by Rust; areas backed by TypeScript always run on core (default all)
  --json FILE  also write the whole result
  --due        only what is due so far (test/conformance/due.ts): what npm test runs
  --jobs N     processes at the same time (default 2 at most)
  --variant V  WASM build: baseline, simd (default), wide
  --portable   hold the addon to the kernels that any machine has`

export interface Options {
  readonly directory: string
  readonly areas: readonly string[]
  readonly engines: readonly ('wasm' | 'native')[]
  readonly json: string | null
  readonly due: boolean
  readonly jobs: number
  readonly build: Build
}

/** A wrong command line; the message says what to change. */
export class UsageError extends Error {}

const VECTORS = fileURLToPath(new URL('../vectors', import.meta.url))
const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

/** Options of the command line, or null when help was asked for. */
export function parseOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parse(args)
  if (values.help) return null
  const first = positionals[0]
  const given = first !== undefined && (isDirectory(first) || /^[./]/.test(first))
  const directory = given ? first : VECTORS
  if (!isDirectory(directory)) throw new UsageError(`${directory} is not a directory of vectors`)
  const areas = (given ? positionals.slice(1) : positionals).map((area) => area.replace(/\/+$/, ''))
  const jobs = Number(values.jobs ?? Math.min(2, availableParallelism()))
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) throw new UsageError(`--jobs ${values.jobs} is not 1 to 64`)
  return {
    directory,
    areas,
    engines: enginesOf(values.engine ?? 'all'),
    json: values.json ?? null,
    due: values.due ?? false,
    jobs,
    build: { variant: variantOf(values.variant ?? 'simd'), portable: values.portable ?? false },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        engine: { type: 'string' },
        json: { type: 'string' },
        due: { type: 'boolean' },
        jobs: { type: 'string' },
        variant: { type: 'string' },
        portable: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}

function enginesOf(name: string): readonly ('wasm' | 'native')[] {
  if (name === 'all') return ['wasm', 'native']
  if (name === 'wasm' || name === 'native') return [name]
  throw new UsageError(`--engine ${name} is not wasm, native or all`)
}

function variantOf(name: string): WasmVariant {
  if (name === 'baseline' || name === 'simd' || name === 'wide') return name
  throw new UsageError(`--variant ${name} is not baseline, simd or wide`)
}
