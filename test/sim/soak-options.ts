/** What the soak can be told, and what is meant by default. */
import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly minutes: number
  /** One makes frames; with no others nobody is killed. */
  readonly nodes: number
  /** Seconds between frames. */
  readonly interval: number
  readonly churnSeconds: number
  readonly seed: number
  /** File for the report. */
  readonly json: string | undefined
}

/** Letters that name nodes. */
const MOST_NODES = 26

/** Throws a `TypeError` whose text is for people. */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      nodes: { type: 'string', default: '5' },
      interval: { type: 'string', default: '2' },
      'churn-seconds': { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  })
  const positive = (name: 'minutes' | 'interval' | 'churn-seconds'): number => {
    const value = Number(values[name])
    if (!(value > 0 && Number.isFinite(value))) throw wrong(name, values[name], 'a number above 0')
    return value
  }
  const nodes = Number(values.nodes)
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MOST_NODES)
    throw wrong('nodes', values.nodes, `a number from 1 to ${MOST_NODES}`)
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw wrong('seed', values.seed, 'a whole number')
  return {
    minutes: positive('minutes'),
    nodes,
    interval: positive('interval'),
    churnSeconds: positive('churn-seconds'),
    seed,
    json: values.json,
  }
}

const wrong = (name: string, text: string, wanted: string): TypeError =>
  new TypeError(`--${name} ${text} is not ${wanted}`)
