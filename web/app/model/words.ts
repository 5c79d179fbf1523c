/** Every sentence that the page says about a state or a check: one table each. */
import type { ClientState, Phase } from '../client.ts'

/** How a thing stands, wherever it is shown: a colour, an icon and a word. */
export type Tone = 'good' | 'wait' | 'warn' | 'bad'

export interface PhaseWords {
  readonly tone: Tone
  readonly title: string
  /** Said when the client gives no reason of its own. */
  readonly reason: string
  readonly next: string
}

export const PHASES: Readonly<Record<Phase, PhaseWords>> = {
  idle: {
    tone: 'wait',
    title: 'Not started',
    reason: 'This tab has not asked for anything yet.',
    next: 'It starts by itself.',
  },
  connecting: {
    tone: 'wait',
    title: 'Looking for a node',
    reason: 'No node has answered yet.',
    next: 'Trying each known address and each way to reach it.',
  },
  anchoring: {
    tone: 'wait',
    title: 'Checking where to start',
    reason: 'A node answered. Its first frame is being held against the anchors this tab trusts.',
    next: 'Verifying the first certificate.',
  },
  verifying: {
    tone: 'wait',
    title: 'Catching up',
    reason: 'Newer frames are being verified one after the other.',
    next: 'Ready when the newest frame is verified.',
  },
  ready: {
    tone: 'good',
    title: 'Verified by this tab',
    reason: 'The newest frame that nodes offer has been verified here.',
    next: 'Waiting for the next frame.',
  },
  degraded: {
    tone: 'warn',
    title: 'Verified, but not the newest',
    reason: 'Something is missing.',
    next: 'Trying again by itself.',
  },
  halted: {
    tone: 'bad',
    title: 'Stopped for safety',
    reason: 'Something happened that this tab must not decide alone.',
    next: 'Check the evidence, then reload to start again.',
  },
  stopped: {
    tone: 'wait',
    title: 'Stopped',
    reason: 'This tab was told to stop.',
    next: 'Reload to start again.',
  },
}

/** Phase words with the client's own reason and next step where it has them. */
export function phaseWords(state: ClientState, hasHead: boolean): PhaseWords {
  const words = PHASES[state.phase]
  const title = state.phase === 'degraded' && !hasHead ? 'No verified frame yet' : words.title
  return { ...words, title, reason: state.reason || words.reason, next: state.next || words.next }
}

export interface CheckWords {
  readonly title: string
  readonly meaning: string
}

const CHECKS: Readonly<Record<string, CheckWords>> = {
  shape: { title: 'Form', meaning: 'Every field is there and has its exact length.' },
  bitmask: { title: 'Signer list', meaning: 'It names members of the committee and nobody else.' },
  aggregate_key: { title: 'Combined key', meaning: 'The keys of the listed signers add up to the key in the frame.' },
  signature: { title: 'Signature', meaning: 'The combined signature was made for exactly this frame.' },
  quorum: { title: 'Quorum', meaning: 'The signers hold enough weight to speak for the committee.' },
  prover: { title: 'Leader', meaning: 'The maker of the frame belongs to the committee.' },
  genesis: { title: 'Genesis rules', meaning: 'A first frame would have to be the known one.' },
  difficulty: { title: 'Least difficulty', meaning: 'A frame without a quorum would need a longer time proof.' },
  link: { title: 'Link', meaning: 'It builds on the frame before it.' },
  rank: { title: 'Order', meaning: 'Its rank lies above that of the frame before it.' },
  vdf: { title: 'Time proof', meaning: 'A long computation that nobody can shorten was really done.' },
}

export const checkWords = (name: string): CheckWords => CHECKS[name] ?? { title: name, meaning: '' }

const TRANSPORTS: Readonly<Record<string, string>> = {
  websocket: 'WebSocket',
  'webrtc-direct': 'WebRTC direct',
  webtransport: 'WebTransport',
}

export const transportWords = (name: string): string => TRANSPORTS[name] ?? name

const FIELDS: Readonly<Record<string, string>> = {
  frame_number: 'Frame number',
  rank: 'Rank',
  timestamp: 'Time',
  difficulty: 'Difficulty of the time proof',
  output: 'Time proof (output)',
  parent_selector: 'Link to the parent',
  global_commitments: 'State commitments',
  prover_tree_commitment: 'Commitment to the provers',
  requests_root: 'Commitment to the requests',
  prover: 'Address of the leader',
  signature: 'Signature',
  public_key: 'Combined key',
  bitmask: 'Signer list',
}

export const fieldWords = (name: string): string => FIELDS[name] ?? name
