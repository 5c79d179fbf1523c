/**
 * Made-up answers about state for the fixture client: a garden, its provers and a failure of each kind. Nothing is verified here.
 */
import {
  type AllocationValue,
  ClientError,
  type DecodedField,
  type Head,
  type ProofStep,
  type ProverList,
  type ProverValue,
  type StateReads,
  type StateValue,
  type VertexValue,
} from '../client.ts'

/** Hex of a made-up value: `length` bytes that depend on `seed`. */
export function madeHex(length: number, seed: number): string {
  let mixed = (seed + 1) * 2_654_435_761
  return Array.from({ length }, () => {
    mixed = (Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) + 0x9e37) >>> 0
    return (mixed >>> 24).toString(16).padStart(2, '0')
  }).join('')
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

const DOMAIN = madeHex(32, 1)
/** The second half tells what the fixture answers. */
export const ADDRESSES = {
  domain: DOMAIN,
  rose: madeHex(32, 2),
  unnamed: madeHex(32, 3),
  absent: madeHex(32, 4),
  refused: madeHex(32, 5),
  forgotten: madeHex(32, 6),
  offline: madeHex(32, 7),
  certified: madeHex(32, 8),
  unverified: madeHex(32, 9),
} as const

/** Examples as a network description offers them. */
export const EXAMPLES = [
  { title: 'A rose', kind: 'vertex', address: `${DOMAIN}${ADDRESSES.rose}` },
  { title: 'A bed of flowers', kind: 'hyperedge', address: `${DOMAIN}${ADDRESSES.rose}` },
  { title: 'The garden', kind: 'shard', address: DOMAIN },
  { title: 'Nothing there', kind: 'vertex', address: `${DOMAIN}${ADDRESSES.absent}` },
] as const

const TREE = 94

function stepsOf(seed: number, identity: string, withTree: boolean): readonly ProofStep[] {
  const steps: readonly ProofStep[] = [
    { name: 'value', ok: true, reason: null, section: '20 section 9.3', to: madeHex(74, seed + 20), millis: 41.2 },
    { name: 'shard', ok: true, reason: null, section: '21 section 6', to: madeHex(74, seed + 40), millis: 28.7 },
    { name: 'header', ok: true, reason: null, section: '11 section 4', to: identity, millis: 0.2 },
  ]
  return withTree ? steps : steps.filter(({ name }) => name !== 'shard')
}

function field(name: string, type: string, value: DecodedField['value'], fits = true): DecodedField {
  return { name, type, value, fits, raw: new Uint8Array() }
}

const rose = (round: number): VertexValue => ({
  domain: DOMAIN,
  address: ADDRESSES.rose,
  bytes: bytesOf(madeHex(312, 60 + round)),
  className: 'garden:Flower',
  fields: [
    field('name', 'String', 'Rosa canina, the dog rose by the well'),
    field('petals', 'Uint', 5n),
    field('bees', 'Uint', 18_402n + BigInt(round)),
    field('degrees', 'Int', -4n),
    field('inBloom', 'Bool', round % 2 === 0),
    field('gardener', 'coin:Owner', madeHex(32, 12)),
    field('label', 'ByteArray', madeHex(20, 13), false),
    field('picture', 'ByteArray', madeHex(600, 14)),
    field('40', 'unknown', '00', false),
  ],
  schemaReason: null,
  removed: 'no',
})

function prover(index: number): ProverValue {
  const status =
    (['active', 'active', 'active', 'joining', 'paused', 'leaving', 'left'] as const)[index % 7] ?? 'active'
  const allocation = (filter: string): AllocationValue => ({
    filter,
    status,
    frames: { JoinFrameNumber: 244_200n, JoinConfirmFrameNumber: 244_210n, LastActiveFrameNumber: 244_219n },
  })
  return {
    address: madeHex(32, 300 + index),
    publicKey: madeHex(585, 400 + index),
    status,
    seniority: BigInt(5_760_000 - index * 41_711),
    availableStorage: BigInt(index) * 1_073_741_824n,
    allocations: index % 3 === 0 ? [allocation('')] : [allocation(''), allocation(DOMAIN)],
    reward: index % 5 === 4 ? null : { delegate: madeHex(32, 500 + index), balance: BigInt(index) * 9_123_456_789n },
  }
}

const PROVERS = Array.from({ length: 64 }, (_, index) => prover(index))

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

export interface FixtureStateParts {
  /** The newest head that was played. */
  readonly head: () => Head | null
  /** Time that each answer takes. */
  readonly delayMillis: number
  /** Time between two changes of a value that is followed. */
  readonly changeMillis: number
}

export function createFixtureReads({ head, delayMillis, changeMillis }: FixtureStateParts): StateReads {
  function wrap<T>(value: T | null, seed: number, more: Partial<StateValue<T>> = {}): StateValue<T> {
    const newest = head()
    const identity = newest?.value.identity ?? ''
    return {
      value,
      frame: newest?.frame ?? 0n,
      root: identity,
      verified: value === null ? false : 'full',
      reason: null,
      millis: 70.1,
      steps: value === null ? [] : stepsOf(seed, identity, true),
      proofSize: value === null ? 0 : 9_412,
      setRoot: madeHex(74, seed),
      tree: TREE,
      from: '/ip4/127.0.0.1/tcp/4001/ws',
      ...more,
    }
  }
  const halves = (asked: unknown): { domain: string; address: string } => asked as { domain: string; address: string }

  async function vertex(asked: unknown, round = 0): Promise<StateValue<VertexValue>> {
    const { domain, address } = halves(asked)
    switch (address) {
      case ADDRESSES.rose:
        return wrap(rose(round), 2)
      case ADDRESSES.unnamed:
        return wrap<VertexValue>(
          {
            ...rose(0),
            address,
            className: null,
            fields: null,
            schemaReason: 'the application published no schema.',
            removed: 'unproven',
          },
          3,
        )
      case ADDRESSES.certified:
        return wrap<VertexValue>({ ...rose(0), address }, 8, { verified: 'certificate' })
      case ADDRESSES.unverified:
        return wrap<VertexValue>({ ...rose(0), address }, 9, {
          verified: false,
          reason: 'The proof does not lead to the header.',
          steps: stepsOf(9, '', true).map((step) =>
            step.name === 'value'
              ? step
              : { ...step, ok: false, reason: 'the commitment in the header is another one', millis: null },
          ),
        })
      case ADDRESSES.refused:
        throw new ClientError('refused', 'Two nodes answered with proofs that do not hold: step value failed.')
      case ADDRESSES.forgotten:
        throw new ClientError('notFound', 'No node holds the state of frame 244,120 any more.')
      case ADDRESSES.offline:
        throw new ClientError('noPeers', 'No connected node serves state.')
      default:
        return wrap<VertexValue>(null, 4, { domain, address } as object)
    }
  }

  return {
    async getVertex(asked, options) {
      await pause(delayMillis)
      options?.signal?.throwIfAborted()
      return vertex(asked)
    },
    async getVertices(domain, addresses) {
      return Promise.all(addresses.map((address) => vertex({ domain, address })))
    },
    async getHyperedge(asked) {
      await pause(delayMillis)
      const { domain, address } = halves(asked)
      const members = [ADDRESSES.rose, ADDRESSES.unnamed, ADDRESSES.absent].map((member) => ({
        domain: DOMAIN,
        address: member,
      }))
      return wrap({ domain, address, bytes: bytesOf(madeHex(548, 90)), members, removed: 'no' as const }, 5)
    },
    async getProver(address) {
      await pause(delayMillis)
      const found = PROVERS.find((known) => known.address === address) ?? PROVERS[0]
      const identity = head()?.value.identity ?? ''
      return wrap(found ?? null, 6, { tree: null, steps: stepsOf(6, identity, false) })
    },
    async getShard(domain) {
      await pause(delayMillis)
      const roots = [madeHex(74, 31), '00'.repeat(64), madeHex(74, 32), '00'.repeat(64)]
      const identity = head()?.value.identity ?? ''
      const steps = stepsOf(7, identity, true).filter(({ name }) => name !== 'value')
      return wrap({ domain: String(domain), roots }, 7, { steps })
    },
    async listProvers(options): Promise<ProverList> {
      const total = PROVERS.length * 3
      for (let leaves = 0; leaves < total; leaves += total / 8) {
        options?.onProgress?.({ leaves, total, bytes: leaves * 842 })
        await pause(delayMillis)
        options?.signal?.throwIfAborted()
      }
      const newest = head()
      return {
        value: PROVERS,
        frame: newest?.frame ?? 0n,
        root: newest?.value.identity ?? '',
        verified: 'full',
        reason: null,
        millis: 184,
        setRoot: madeHex(74, 700),
        leaves: total,
        bytes: total * 842,
        from: '/ip4/127.0.0.1/tcp/4001/ws',
      }
    },
    watch(asked, listener) {
      let round = 0
      const tell = async (): Promise<void> => listener(await vertex(asked, round++))
      void tell()
      const timer = setInterval(() => void tell(), changeMillis)
      return () => clearInterval(timer)
    },
  }
}
