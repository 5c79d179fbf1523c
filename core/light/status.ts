/** What a person is told: phase, why, and what comes next. */
import type { Millis } from '../platform/machine.ts'
import type { CommitteeState, HaltCause, LightPhase, LightState } from './events.ts'

export interface Halt {
  readonly cause: HaltCause
  readonly reason: string
  readonly next: string
}

/** Everything the sentences are made of. */
export interface Situation {
  readonly started: boolean
  readonly stopped: boolean
  readonly halt: Halt | null
  /** Newest frame told to the outside. */
  readonly at: bigint | null
  /** Newest number that connected peers deliver headers of. */
  readonly target: bigint | null
  readonly greeted: number
  readonly connections: number
  /** What was stored is being verified, before anybody is dialled. */
  readonly recalling: boolean
  readonly addresses: number
  readonly lastFailure: string | null
  readonly nextDialMillis: number | null
  readonly sinceAdvanceMillis: number
  readonly stallMillis: number
  /** Newest frame that was refused and is above everything verified. */
  readonly steppedOver: { readonly number: bigint; readonly reason: string } | null
  readonly committee: CommitteeState
  readonly filling: boolean
  readonly timeProofsBehind: boolean
  readonly anchorsAge: string
  readonly note: string | null
  readonly storeTrouble: string | null
}

type Sentences = Pick<LightState, 'phase' | 'health' | 'reason' | 'next'>

export function describe(situation: Situation): Sentences {
  const sentences = describePhase(situation)
  const notes = [situation.note, situation.storeTrouble].filter((note) => note !== null)
  const quiet = situation.stopped || !situation.started || situation.halt !== null
  return quiet || notes.length === 0 ? sentences : { ...sentences, reason: [sentences.reason, ...notes].join(' ') }
}

function describePhase(s: Situation): Sentences {
  if (s.stopped) return say('stopped', 'The client was stopped.', 'Create a new client to go on.')
  if (!s.started) return say('idle', 'The client has not been started.', 'Start it.')
  if (s.halt) return say('halted', s.halt.reason, s.halt.next)
  if (s.at === null && s.recalling) {
    const reason = `The newest frame of the last visit is being verified against anchors that are ${s.anchorsAge}.`
    return say('anchoring', reason, 'Nodes are dialled after that.')
  }
  if (s.at === null) return s.greeted === 0 ? connecting(s) : anchoring(s)
  if (s.greeted === 0) {
    return say('degraded', `No node is connected; the newest verified frame is ${s.at}.`, dialling(s), s)
  }
  const { pending, reason: pendingReason } = s.committee
  if (pending !== null && pendingReason !== null && pending > s.at) {
    const phase = s.sinceAdvanceMillis > s.stallMillis ? 'degraded' : 'verifying'
    return say(phase, `Verified up to frame ${s.at}. ${pendingReason}`, PENDING_NEXT, s)
  }
  if (s.sinceAdvanceMillis > s.stallMillis) {
    const reason = `No new verified frame for ${seconds(s.sinceAdvanceMillis)}; the newest is ${s.at}.`
    const why = s.steppedOver ? ` Frame ${s.steppedOver.number} was refused: ${s.steppedOver.reason}.` : ''
    return say('degraded', reason + why, 'Nodes are asked for a newer frame; add another node if this lasts.', s)
  }
  if (s.steppedOver && s.steppedOver.number > s.at) {
    const { number, reason } = s.steppedOver
    return say(
      'degraded',
      `Frame ${number} was refused and is stepped over: ${reason}.`,
      'The next frame is awaited.',
      s,
    )
  }
  if (s.target !== null && s.target > s.at + 1n) {
    return say(
      'verifying',
      `Verified up to frame ${s.at}; a node offers ${s.target}.`,
      'The newest frame is being verified.',
      s,
    )
  }
  if (s.timeProofsBehind) {
    return say(
      'degraded',
      'Certificates are verified, time proofs are behind.',
      'They are caught up with, newest first.',
      s,
    )
  }
  const next = s.filling ? 'Earlier frames are being verified.' : 'The next frame is awaited.'
  return say('ready', `Frame ${s.at}, the newest that nodes offer, is verified.`, next, s)
}

const UNKNOWN_NEXT =
  'It is tried again and again. Nodes keep the registries of the newest frames only: if this lasts, get newer anchors from a source you trust.'
const PENDING_NEXT =
  'The registry is followed by itself, and tried again where that fails; if this lasts, get newer anchors from a source you trust.'

function connecting(s: Situation): Sentences {
  if (s.addresses === 0) return say('connecting', 'No node is known.', 'Add the address of a node.')
  const tried = s.lastFailure === null ? '' : ` Last answer: ${s.lastFailure}.`
  const reason = s.connections > 0 ? 'Connecting to a node.' : 'No node is connected.'
  return say('connecting', reason + tried, dialling(s))
}

function anchoring(s: Situation): Sentences {
  const anchors = `anchors that are ${s.anchorsAge}`
  if (s.committee.reason !== null) {
    return say('anchoring', s.committee.reason, s.committee.frame === null ? UNKNOWN_NEXT : PENDING_NEXT, s)
  }
  if (s.steppedOver) {
    const { number, reason } = s.steppedOver
    return say(
      'anchoring',
      `Frame ${number} does not verify against ${anchors}: ${reason}.`,
      'Other frames and nodes are tried.',
    )
  }
  const tried = s.lastFailure === null ? '' : ` Last answer: ${s.lastFailure}.`
  if (s.sinceAdvanceMillis > s.stallMillis) {
    const reason = `No node delivered a frame that verifies against ${anchors}.${tried}`
    return say('anchoring', reason, 'Check that the anchors belong to this network, or add another node.', s)
  }
  const next = 'This takes a second or two.'
  return say('anchoring', `The first frame is being verified against ${anchors}.${tried}`, next)
}

function dialling(s: Situation): string {
  if (s.connections > 0) return 'A connection is being made.'
  if (s.addresses === 0) return 'Add the address of a node.'
  if (s.nextDialMillis === null) return 'Add the address of another node.'
  return s.nextDialMillis <= 0 ? 'The next attempt follows.' : `The next attempt is in ${seconds(s.nextDialMillis)}.`
}

function say(phase: LightPhase, reason: string, next: string, s?: Situation): Sentences {
  const stalled = s !== undefined && s.sinceAdvanceMillis > s.stallMillis
  return { phase, health: stalled ? 'stalled' : 'ok', reason, next }
}

function seconds(millis: Millis): string {
  const count = Math.max(1, Math.round(millis / 1000))
  return count < 120 ? `${count} s` : `${Math.round(count / 60)} min`
}
