import { parseArgs } from 'node:util'
import type { WasmVariant } from '../engines/wasm.ts'
import { PLATFORMS, type Platform } from './platforms.ts'

export const USAGE = `usage: npm run -s bench -- [--only NAME ...] [--on PLATFORM ...] [--all] [--json FILE] [--markdown FILE]
                          [--list]

Measures each step of docs/benchmarks.md: median, p95, count, and calibration units, against the reference.

  --only NAME      only this step (repeat for more; --list shows the names)
  --on PLATFORM    only there: ${PLATFORMS.join(', ')}, state (on disk),
                   net (between processes on loopback), or page (loading, reading, sizes)
  --all            also what takes minutes: state-million
  --variant V      WASM build: baseline, simd (default), wide
  --json FILE      also write all figures
  --markdown FILE  also put the tables between the marks of that page (docs/benchmarks.md)
  --list           show the steps and end`

export interface Options {
  readonly only: readonly string[]
  readonly platforms: readonly Platform[]
  readonly page: boolean
  /** Figures of state on disk. */
  readonly state: boolean
  /** Figures of the wire. */
  readonly net: boolean
  /** Also what takes minutes. */
  readonly all: boolean
  readonly variant: WasmVariant
  readonly json: string | null
  readonly markdown: string | null
  readonly list: boolean
}

/** A wrong command line; the message says what to change. */
export class UsageError extends Error {}

/** Groups that are no engine. */
const OTHERS: readonly string[] = ['state', 'net', 'page']
const VARIANTS: readonly string[] = ['baseline', 'simd', 'wide']

/** Options of the command line, or null when help was asked for. */
export function parseOptions(args: readonly string[], names: readonly string[]): Options | null {
  const values = parse(args)
  if (values.help) return null
  const only = values.only ?? []
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new UsageError(`there is no step named ${unknown} (--list shows them)`)
  const on = values.on ?? [...PLATFORMS, ...OTHERS]
  const nowhere = on.find((name) => !OTHERS.includes(name) && !isPlatform(name))
  if (nowhere !== undefined) throw new UsageError(`there is no platform named ${nowhere}`)
  const variant = values.variant ?? 'simd'
  if (!VARIANTS.includes(variant)) throw new UsageError(`--variant ${variant} is not baseline, simd or wide`)
  return {
    only,
    platforms: PLATFORMS.filter((platform) => on.includes(platform)),
    page: on.includes('page'),
    state: on.includes('state'),
    net: on.includes('net'),
    all: values.all ?? false,
    variant: variant as WasmVariant,
    json: values.json ?? null,
    markdown: values.markdown ?? null,
    list: values.list ?? false,
  }
}

const isPlatform = (name: string): boolean => (PLATFORMS as readonly string[]).includes(name)

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        on: { type: 'string', multiple: true },
        all: { type: 'boolean' },
        variant: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}
