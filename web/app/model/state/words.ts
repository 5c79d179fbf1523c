/** Every sentence that the explorer says about a value, a step of its proof, or a failure. */
import type { ClientErrorCode, ProofStep, ProverStatus, StateValue } from '../../client.ts'
import { ClientError } from '../../client.ts'
import type { Tone } from '../words.ts'

export interface ValueWords {
  readonly tone: Tone
  readonly title: string
  readonly reason: string | null
}

const ABSENT =
  'No node has it. Absence has no proof in this protocol, so this is only the word of the nodes. Check the address, or ask again later.'

/** How a value stands. Green is kept for a whole chain of proofs to a header whose time proof holds. */
export function valueWords(answer: Pick<StateValue<unknown>, 'value' | 'verified' | 'reason'>): ValueWords {
  if (answer.value === null) {
    return answer.verified === false
      ? { tone: 'wait', title: 'Absent (unproven)', reason: answer.reason ?? ABSENT }
      : { tone: 'warn', title: 'Something else is there', reason: answer.reason }
  }
  if (answer.verified === 'full') return { tone: 'good', title: 'Proved on this device', reason: answer.reason }
  if (answer.verified === 'certificate') {
    return {
      tone: 'wait',
      title: 'Proved up to a certified header',
      reason: answer.reason ?? 'The time proof of that header is still to come: only it covers the commitments.',
    }
  }
  return { tone: 'bad', title: 'Not verified', reason: answer.reason }
}

export interface StepWords {
  readonly title: string
  readonly meaning: string
  /** What the step leads to. */
  readonly to: string
}

/** A step; `tree` is the global tree on its way, null for the prover registry, whose root is in the header itself. */
export function stepWords(name: ProofStep['name'], tree: number | null): StepWords {
  switch (name) {
    case 'value':
      return {
        title: 'In its set',
        meaning: 'Exactly this value lies under its address in the tree of its set.',
        to: tree === null ? 'Root of the prover registry' : 'Root of the set',
      }
    case 'shard':
      return {
        title: `In global tree ${tree ?? ''}`.trimEnd(),
        meaning: 'The root of the set lies in one of the 256 global trees.',
        to: 'Global commitment',
      }
    case 'header':
      return {
        title: 'In the header',
        meaning:
          tree === null
            ? 'The root of the registry is the one that the verified header names.'
            : 'The global commitment is the one that the verified header names.',
        to: 'Identity of the frame',
      }
  }
}

export const passedSteps = (steps: readonly ProofStep[]): string =>
  steps
    .filter(({ ok }) => ok)
    .map(({ name }) => name)
    .join(',')

export interface Advice {
  readonly title: string
  readonly text: string
  /** What to do. */
  readonly next: string
}

const ADVICE: Readonly<Partial<Record<ClientErrorCode, Omit<Advice, 'text'>>>> = {
  notFound: {
    title: 'No node has the state of that frame',
    next: 'Nodes keep the state of the last frames only. Ask again at the newest frame, or add another node under Frames.',
  },
  noPeers: {
    title: 'No node answers',
    next: 'This tab goes on trying. Ask again when a node is connected, or add one under Frames.',
  },
  refused: {
    title: 'What the nodes sent does not verify',
    next: 'None of it is shown. Ask again, or add another node under Frames.',
  },
  arguments: { title: 'That cannot be looked up', next: 'Correct the address and ask again.' },
  halted: { title: 'This tab stopped for safety', next: 'See the evidence at the top, then reload the page.' },
  crashed: { title: 'The worker of this tab ended', next: 'Reload the page: what was verified is kept.' },
  stopped: { title: 'This tab was stopped', next: 'Reload the page to start again.' },
}

export function adviceOf(error: unknown): Advice {
  const text = error instanceof Error ? error.message : String(error)
  const known = error instanceof ClientError ? ADVICE[error.code] : undefined
  return { title: 'That did not work', next: 'Ask again; if it stays so, reload the page.', ...known, text }
}

const STATUS: Readonly<Record<ProverStatus, string>> = {
  joining: 'Joining',
  active: 'Active',
  paused: 'Paused',
  leaving: 'Leaving',
  left: 'Left',
  kicked: 'Kicked',
  unknown: 'Unknown',
}

export const statusWords = (status: ProverStatus): string => STATUS[status]

/** `JoinFrameNumber` or `joinFrameNumber` -> `join`, for the table of frames. */
export function frameFieldWords(name: string): string {
  const words = name
    .replace(/Frame(Number)?$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return words === '' ? name : words
}

/** Base units of one QUIL (spec 32 section 16). */
const UNITS = 8_000_000_000n
const DIGITS = 6n

/** Reward in QUIL with up to six digits, rounded down; `<` marks what is less than shown. */
export function quil(balance: bigint): string {
  const whole = new Intl.NumberFormat('en-GB').format(balance / UNITS)
  const scale = 10n ** DIGITS
  const part = ((balance % UNITS) * scale) / UNITS
  if (balance > 0n && balance < UNITS / scale) return '<0.000001 QUIL'
  const digits = part === 0n ? '' : `.${part.toString().padStart(Number(DIGITS), '0').replace(/0+$/, '')}`
  return `${whole}${digits} QUIL`
}
