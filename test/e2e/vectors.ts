/** The recorded chain and its damaged headers, as the specs expect them. */
import { readFileSync } from 'node:fs'
import { CHAIN } from './node.ts'

interface Recorded {
  readonly name: string
  readonly header_pb: string
}

export interface ChainCase extends Recorded {
  readonly identity: string
  readonly header: { readonly frame_number: number }
  readonly quorum?: boolean
}

export interface NegativeCase extends Recorded {
  readonly strict_valid: boolean
  readonly checks: Readonly<Record<string, boolean | number>>
}

const read = (path: string): { readonly cases: readonly unknown[] } => JSON.parse(readFileSync(path, 'utf8'))

const all = read(CHAIN).cases as readonly ChainCase[]

/** The twenty frames after the checkpoint. */
export const frames = all.slice(1)
export const belowQuorum = frames.filter((frame) => frame.quorum === false)
export const newest = frames.at(-1) as ChainCase

export const negatives = read(CHAIN.replace('global_chain', 'global_negative')).cases as readonly NegativeCase[]

const CHECKS = ['shape', 'aggregate_key', 'signature', 'quorum', 'vdf']

/**
 * Names of the checks that have to refuse a case. The two extra ones are rules that the recorded verdicts leave out: a bit beyond the
 * committee is no signer (spec 11 section 4.4), and on this network the prover is a member of the committee (spec 31 section 10).
 */
export function expectedRefusals({ name, checks }: NegativeCase): readonly string[] {
  const failed = CHECKS.filter((check) => checks[check] === false)
  if (name.startsWith('bitmask with a bit beyond')) return ['bitmask', ...failed]
  if (name.startsWith('prover address bit')) return ['prover', ...failed]
  return failed
}
