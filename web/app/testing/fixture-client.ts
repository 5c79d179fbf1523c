/**
 * A client that plays recorded frames with recorded verdicts: real header bytes, no verification. For design work and component tests of
 * the page; never part of a build.
 */
// biome-ignore lint/style/noRestrictedImports: recorded frames for the fixture, which is in no build
import chain from '../../../test/vectors/frames/global_chain.json' with { type: 'json' }
import type { Check, Client, ClientState, Head, NetworkAlert, NetworkDescription, Refusal, Verdict } from '../client.ts'
import { fixtureFields } from './fixture-fields.ts'
import { createFixturePeering } from './fixture-peering.ts'
import { createFixtureReads, EXAMPLES } from './fixture-state.ts'

export const SCENES = ['ready', 'alert', 'connecting', 'verifying', 'degraded', 'halted'] as const
export type Scene = (typeof SCENES)[number]

type Listener = (value: never) => void

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const CERTIFICATE = ['shape', 'bitmask', 'aggregate_key', 'signature', 'quorum', 'prover', 'genesis'] as const
const MILLIS: Readonly<Record<string, number | null>> = {
  shape: 0.2,
  bitmask: null,
  aggregate_key: 3.1,
  signature: 38,
  quorum: null,
  prover: 0.1,
  genesis: null,
}

const frames = chain.cases.slice(1)

function checksOf(index: number, withTimeProof: boolean): readonly Check[] {
  const frame = frames[index]
  if (frame === undefined) return []
  const recorded: Readonly<Record<string, unknown>> = frame.checks ?? {}
  const checks = CERTIFICATE.map((name): Check => {
    const ok = recorded[name] !== false
    const millis = MILLIS[name] ?? null
    return {
      name,
      ok,
      reason: ok
        ? null
        : `signed weight ${recorded.signed_weight} of ${chain.total_weight}, ${chain.quorum_threshold} needed`,
      section: '11 section 4.4',
      millis: millis === null ? null : millis * (1 + ((index * 7) % 5) / 12),
    }
  })
  const vdf: Check = {
    name: 'vdf',
    ok: true,
    reason: null,
    section: '11 section 2',
    millis: 310 + ((index * 131) % 270),
  }
  return withTimeProof ? [...checks, vdf] : checks
}

function headOf(index: number, withTimeProof: boolean): Head {
  const frame = frames[index]
  if (frame === undefined) throw new RangeError(`no recorded frame ${index}`)
  const { header, identity } = frame
  const content = fromHex(frame.header_pb)
  const checks = checksOf(index, withTimeProof)
  return {
    frame: BigInt(header.frame_number),
    root: identity,
    verified: withTimeProof ? 'full' : 'certificate',
    reason: null,
    millis: checks.reduce((total, check) => total + (check.millis ?? 0), 0),
    value: {
      identity,
      checks,
      bytes: content,
      from: 'fixture',
      verifiedAt: Date.now(),
      facts: {
        number: BigInt(header.frame_number),
        rank: BigInt(header.rank),
        timestamp: BigInt(header.timestamp),
        difficulty: header.difficulty,
        parentSelector: fromHex(header.parent_selector),
        identity: fromHex(identity),
        challenge: fromHex(frame.challenge ?? ''),
        output: fromHex(header.output),
        prover: fromHex(header.prover),
        globalCommitments: fixtureFields(content)
          .filter(({ name }) => name === 'global_commitments')
          .map(({ offset, length }) => content.slice(offset, offset + length)),
        proverTreeCommitment: fromHex(header.prover_tree_commitment),
        requestsRoot: fromHex(header.requests_root),
        signature: null,
      },
    },
  }
}

const refusalOf = (index: number): Refusal => ({
  frame: BigInt(frames[index]?.header.frame_number ?? 0),
  from: 'fixture',
  reason: 'Signed by too little weight for a quorum: stepped over, the next frame builds on it.',
  checks: checksOf(index, true),
})

const NETWORK: NetworkDescription = {
  examples: EXAMPLES,
  format: 1,
  network: 'replay',
  profile: '2.1.0.24',
  addresses: ['/ip4/127.0.0.1/tcp/4001/ws'],
  frameIntervalMillis: 10_000,
  anchors: {
    committee: {
      members: chain.committee.map((member) => ({ publicKey: member.public_key, weight: String(member.weight) })),
      threshold: String(chain.quorum_threshold),
    },
    checkpoint: {
      number: '244200',
      identity: chain.cases[0]?.identity ?? '',
      rank: '0',
      timestamp: '1744726759481',
      difficulty: 160_000,
    },
    rules: {
      genesisNumber: '244200',
      genesisIdentity: chain.cases[0]?.identity ?? '',
      proverInCommittee: true,
      difficultyFloor: 50_000,
    },
    issuedAt: Date.now() - 190_000,
  },
}

const ALERT_KEY =
  '3ade80f96515e34caaf0c346b842d1f82d2841840f27e12826f4c14326a6bd15d13796c0421f8c440809fceb66c0a5c3c88f93deae16ee3100'
const ALERTS: readonly NetworkAlert[] = [
  'Please stop proving until version 2.1.0.25 is out: frames after 244,300 would be refused. Details at the usual place.',
  'A test of the alert key.\n\nNothing is to be done.',
  'An old message that was read.',
].map((message, index) => ({
  digest: `${index}`.repeat(64),
  message,
  alertKey: ALERT_KEY,
  firstSeenAt: 1_764_130_200_000 - index * 86_400_000,
  dismissed: index === 2,
}))

const READY: Pick<ClientState, 'phase' | 'reason' | 'next' | 'health'> = {
  phase: 'ready',
  health: 'ok',
  reason: 'The newest frame that nodes offer has been verified here.',
  next: 'The next frame is expected within 10 seconds.',
}
const STATES: Readonly<Record<Scene, Pick<ClientState, 'phase' | 'reason' | 'next' | 'health'>>> = {
  ready: READY,
  alert: READY,
  connecting: { phase: 'connecting', health: 'ok', reason: '', next: '' },
  verifying: {
    phase: 'verifying',
    health: 'ok',
    reason: '11 newer frames are being verified.',
    next: 'Ready when frame 244,220 is verified.',
  },
  degraded: {
    phase: 'degraded',
    health: 'stalled',
    reason: 'No node has answered for 2 minutes. The last frame was verified before that.',
    next: 'Trying again in 8 seconds.',
  },
  halted: {
    phase: 'halted',
    health: 'stalled',
    reason: 'Two different frames 244,216 carry a valid certificate.',
    next: 'Keep the evidence and ask the people who run this network.',
  },
}

export interface FixtureTimes {
  /** Time that each answer about state takes. */
  readonly delayMillis: number
  /** Time between two changes of a value that is followed. */
  readonly changeMillis: number
}

export function createFixtureClient(
  scene: Scene,
  { delayMillis, changeMillis }: FixtureTimes = { delayMillis: 400, changeMillis: 4000 },
): Client {
  const listeners = new Map<string, Set<Listener>>()
  const emit = (event: string, value: unknown): void => {
    for (const listener of listeners.get(event) ?? []) listener(value as never)
  }
  const shown = scene === 'connecting' ? 0 : scene === 'verifying' ? 9 : 20
  const state: ClientState = {
    committee: {
      origin: 'pinned',
      frame: null,
      members: NETWORK.anchors.committee?.members.length ?? 0,
      pending: null,
      reason: null,
    },
    at: shown === 0 ? null : BigInt(244_200 + shown),
    target: 244_220n,
    peers:
      scene === 'connecting' || scene === 'degraded'
        ? [
            {
              id: 'b',
              address: '/ip4/127.0.0.1/udp/4002/webrtc-direct/certhash/uEiAkxvPvHJ',
              transport: 'webrtc-direct',
              received: 0,
              sent: 0,
              status: scene === 'degraded' ? 'failed' : 'connecting',
              reason: scene === 'degraded' ? 'No answer within 10 seconds.' : null,
            },
          ]
        : [
            {
              id: 'a',
              address: '/ip4/127.0.0.1/udp/4001/quic-v1/webtransport/certhash/uEiC7YHc2Tq9V3o/p2p/12D3KooWQbzy',
              transport: 'webtransport',
              received: 386_120,
              sent: 2114,
              status: 'connected',
              reason: null,
            },
            {
              id: 'b',
              address: '/ip4/127.0.0.1/udp/4002/webrtc-direct/certhash/uEiAkxvPvHJ',
              transport: 'webrtc-direct',
              received: 0,
              sent: 0,
              status: 'connecting',
              reason: null,
            },
          ],
    ...STATES[scene],
  }
  const verify = async (header: Uint8Array): Promise<Verdict> => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    const known = frames.findIndex(
      (frame) =>
        frame.header_pb.length === header.length * 2 &&
        fromHex(frame.header_pb).every((byte, at) => byte === header[at]),
    )
    const checks = checksOf(known < 0 ? 19 : known, true).map((check) =>
      known < 0 && (check.name === 'signature' || check.name === 'vdf')
        ? {
            ...check,
            ok: false,
            reason:
              check.name === 'vdf'
                ? 'the output does not prove 400 squarings for this challenge'
                : 'the combined signature was not made for this frame',
          }
        : check,
    )
    return {
      value: null,
      frame: 244_220n,
      root: '',
      verified: known < 0 ? false : 'full',
      reason: null,
      millis: 412,
      checks,
    }
  }
  let alerts = scene === 'alert' ? ALERTS : []
  const dismissAlert = async (digest: string): Promise<void> => {
    alerts = alerts.map((alert) => (alert.digest === digest ? { ...alert, dismissed: true } : alert))
  }
  const nothing = async (): Promise<never> => {
    throw new Error('The fixture client does not do this.')
  }
  const heads = (): readonly Head[] =>
    frames
      .slice(0, shown)
      .flatMap((frame, index) => (frame.quorum === false ? [] : [headOf(index, true)]))
      .toReversed()
  return {
    ...createFixturePeering(),
    ...createFixtureReads({ head: () => heads()[0] ?? null, delayMillis, changeMillis }),
    state,
    network: scene === 'connecting' ? null : NETWORK,
    async start() {
      emit('state', state)
      for (let index = 0; index < shown; index++) {
        const signed = frames[index]?.quorum !== false
        if (signed) emit('head', headOf(index, index < 19 || scene === 'degraded'))
        else emit('refusal', refusalOf(index))
      }
      if (scene === 'ready') setTimeout(() => emit('head', headOf(19, true)), 900)
      if (scene === 'halted')
        emit('evidence', {
          frame: 244_216n,
          first: new Uint8Array(),
          second: new Uint8Array(),
          reason: 'Both certificates hold.',
        })
    },
    ready: nothing,
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener as Listener))
      return () => set.delete(listener as Listener)
    },
    head: async () => null,
    recent: async (count) => heads().slice(0, count),
    header: nothing,
    verify,
    alerts: async () => alerts,
    dismissAlert,
    work: async () => ({
      certificates: shown,
      timeProofs: Math.max(0, shown - 1),
      refusals: shown === 0 ? 0 : 4,
      millis: shown * 470,
    }),
    export: async () => new Uint8Array([1, 2, 3]),
    import: nothing,
    followRegistry: nothing,
    addAddress: nothing,
    stop: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
