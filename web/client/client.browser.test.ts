import { encodeCheckpoint } from '@petal/core/light/checkpoint.ts'
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { type LightTransport, PeerError, type StatePeer } from '@petal/core/platform/network.ts'
import { shardL1 } from '@petal/core/state/location.ts'
import { WorkerPool } from '@petal/worker/index.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { TabClient } from './client.ts'
import {
  type Client,
  ClientError,
  type ClientOptions,
  type ClientState,
  createClient,
  type Head,
  locateFields,
} from './index.ts'
import { makeCommittee, makeFrame } from './testing/made-chain.ts'
import { belowQuorum, description, FIRST, frames, headers, LAST, peer, serve } from './testing/vector-chain.ts'

// Real keys and time proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const honest: LightTransport = async (address) => peer(address, serve())
const clients: Client[] = []

function make(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ network: description(), store: 'memory', transports: [honest], ...options })
  clients.push(client)
  return client
}
async function started(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = make(options)
  await client.start()
  return client
}
/** Resolves when the state is as wished. */
function until(client: Client, wished: (state: ClientState) => boolean): Promise<ClientState> {
  return new Promise((resolve) => {
    if (wished(client.state)) resolve(client.state)
    client.on('state', (state) => wished(state) && resolve(state))
  })
}
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
  } catch (error) {
    return error instanceof ClientError ? error.code : `${error}`
  }
  return 'no error'
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()))
})

describe('following the recorded chain', () => {
  test('all twenty frames: identities as recorded, frames below quorum refused and stepped over (FRM-02, FRM-03, FRM-07, FRM-10)', async () => {
    const client = make()
    const seen: Head[] = []
    const refused: bigint[] = []
    client.on('head', (head) => seen.push(head))
    client.on('frame', (head) => seen.push(head))
    client.on('refusal', ({ frame }) => frame !== null && refused.push(frame))
    expect(client.state.phase).toBe('idle')
    await client.start()
    await client.start()
    const first = await client.ready({ timeoutMillis: 60_000 })
    expect(first).toMatchObject({ frame: LAST, root: frames.at(-1)?.identity, verified: 'certificate', reason: null })
    await expect.poll(() => seen.filter((head) => head.verified === 'full').length, { timeout: 110_000 }).toBe(16)
    const recent = await client.recent(100)
    const certified = frames.filter((frame) => frame.checks?.quorum).toReversed()
    expect(recent.map((head) => head.root)).toEqual(certified.map((frame) => frame.identity))
    expect(refused.toSorted()).toEqual(belowQuorum.toSorted())
    expect(await client.work()).toMatchObject({ certificates: 20, timeProofs: 16, refusals: 4 })
    expect((await client.head())?.value.checks.map((check) => check.name)).toEqual(
      expect.arrayContaining(['signature', 'quorum', 'vdf']),
    )
    const state = await until(client, ({ phase }) => phase === 'ready')
    expect(state).toMatchObject({ at: LAST, target: LAST, health: 'ok' })
    expect(state.peers[0]).toMatchObject({ id: 'peer at /memory/a', transport: 'memory', status: 'connected' })
    expect(state.peers[0]?.received).toBeGreaterThan(18_000)
  })

  test('a frame by number; below quorum by both policies; one that nobody has; a call that is given up', async () => {
    const client = await started({ timeProofs: 'off' })
    expect(await client.header(FIRST + 4n)).toMatchObject({ frame: FIRST + 4n, verified: 'certificate' })
    const refusal = await client.header(FIRST).catch((error: ClientError) => error)
    expect(refusal).toMatchObject({ name: 'RefusedError', code: 'refused' })
    expect((refusal as ClientError).message).toMatch(/quorum/)
    expect(await codeOf(client.header(LAST + 1000n))).toBe('notFound')
    expect(await codeOf(client.header(-1n))).toBe('arguments')
    const controller = new AbortController()
    const job = client.header(FIRST + 5n, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(job).rejects.toThrow('enough')
    const lenient = await started({ timeProofs: 'off', policy: 'mark' })
    expect(await lenient.header(FIRST)).toMatchObject({ frame: FIRST, verified: false })
    expect((await lenient.header(FIRST)).reason).toBeTruthy()
  })

  test('a damaged header is refused by the right check, and verify never throws for bad bytes', async () => {
    const client = await started()
    const header = headers.get(LAST) as Uint8Array
    const fields = locateFields(header)
    const damaged = (name: string): Uint8Array => {
      const field = fields.find((one) => one.name === name)
      const bytes = header.slice()
      const at = (field?.offset ?? 0) + ((field?.length ?? 0) >> 1)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return bytes
    }
    expect(await client.verify(header)).toMatchObject({ verified: 'full', reason: null })
    for (const [name, check] of [
      ['output', 'vdf'],
      ['parent_selector', 'vdf'],
      ['signature', 'signature'],
      ['public_key', 'aggregate_key'],
      ['prover', 'prover'],
    ] as const) {
      const verdict = await client.verify(damaged(name))
      expect(verdict.verified, name).toBe(false)
      expect(
        verdict.checks.filter((one) => !one.ok).map((one) => one.name),
        name,
      ).toContain(check)
    }
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      new Uint8Array(100_000),
      header.subarray(0, 9000),
    ]) {
      expect(await client.verify(bytes)).toMatchObject({ verified: false, value: null })
    }
  })
})

describe('peers that are wrong', () => {
  const newest = headers.get(LAST) as Uint8Array
  const flipped = (at: number): Uint8Array => {
    const bytes = newest.slice()
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }
  test.each<[string, LightTransport]>([
    [
      'forges the newest frame',
      async (a) => peer(a, serve(new Map([...headers, [LAST, flipped(newest.length - 100)]]))),
    ],
    ['sends garbage', async (a) => peer(a, () => Uint8Array.of(3, 1, 2, 3))],
    ['announces an endless message', async (a) => peer(a, () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
    ['says nothing', async (a) => peer(a, () => 'silence')],
    ['cannot be reached', () => Promise.reject(new Error('unreachable'))],
  ])('one that %s is left for another', async (_what, wrong) => {
    const transport: LightTransport = (address, signal) => (address.endsWith('bad') ? wrong : honest)(address, signal)
    const client = await started({
      network: description(['/memory/bad', '/memory/good']),
      transports: [transport],
      timeProofs: 'off',
    })
    expect(await client.ready({ timeoutMillis: 60_000 })).toMatchObject({ frame: LAST, verified: 'certificate' })
    expect((await client.head())?.value.from).toBe('/memory/good')
  })

  test('answers that dribble in byte by byte are read all the same', async () => {
    const one = new Map([[LAST, headers.get(LAST) as Uint8Array]])
    const dribbling: LightTransport = async (address) => peer(address, serve(one), 1)
    const client = await started({ transports: [dribbling], timeProofs: 'off' })
    expect(await client.ready({ timeoutMillis: 60_000 })).toMatchObject({ frame: LAST })
  })

  test('only wrong peers: ready fails in words, with the age of the anchors and what to do', async () => {
    const nobody: LightTransport = () => Promise.reject(new Error('unreachable'))
    const client = await started({ transports: [nobody] })
    const error = await client.ready({ timeoutMillis: 1500 }).catch((one: ClientError) => one)
    expect(error).toMatchObject({ name: 'NoPeersError', code: 'noPeers' })
    expect((error as ClientError).message).toMatch(/unreachable.*anchors are 1 day old/s)
    await expect(client.ready({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('two certified frames of one number: evidence, and everything stops', async () => {
    const crypto = new WorkerPool({ workers: 2, module: 'full' })
    const committee = await makeCommittee(crypto, 4)
    const parent = new Uint8Array(32).fill(3)
    const wish = { number: 8n, rank: 9n, parent, timestamp: 1_750_000_000_000n }
    const first = await makeFrame(crypto, committee, wish)
    const second = await makeFrame(crypto, committee, { ...wish, timestamp: wish.timestamp + 1n })
    await crypto.close()
    const network = description(['/memory/a', '/memory/b'])
    const anchors = {
      ...network.anchors,
      committee: committee.committee,
      checkpoint: { ...network.anchors.checkpoint, number: '0', rank: '0', identity: '00'.repeat(32) },
      rules: { genesisNumber: '0', genesisIdentity: '00'.repeat(32), proverInCommittee: true, difficultyFloor: 0 },
    }
    const transport: LightTransport = async (address) =>
      peer(address, serve(new Map([[8n, address.endsWith('a') ? first : second]])))
    const client = make({ network, anchors, transports: [transport], timeProofs: 'off' })
    const evidence = new Promise((resolve) => client.on('evidence', resolve))
    await client.start()
    expect(await evidence).toMatchObject({ frame: 8n })
    expect(await until(client, ({ phase }) => phase === 'halted')).toMatchObject({ phase: 'halted' })
    expect(await codeOf(client.ready())).toBe('halted')
    expect(await codeOf(client.header(8n))).toBe('halted')
  })
})

describe('state', () => {
  const vertex = '0a'.repeat(64)
  const root = new Uint8Array(64).fill(1)
  /** Peers whose state is what the test wants; the recorded headers commit to none that could be proved. */
  const serving =
    (state: StatePeer['state']): LightTransport =>
    async (address) => {
      const unserved = async () => {
        throw new PeerError('notFound', 'not here')
      }
      return { ...peer(address, serve()), values: { state, shard: unserved, sync: unserved } }
    }
  const lie: StatePeer['state'] = async ({ domain, frame }) => {
    const roots = [root, root, root, root]
    const shard = { frame: frame ?? 0n, roots, tree: shardL1(domain)[0] ?? 0, proof: new Uint8Array(200) }
    return { frame: frame ?? 0n, root, present: [true], proof: new Uint8Array(200), shard }
  }

  test('a lie is refused by the engine, whatever the policy; who has nothing is told apart (CVT-09)', async () => {
    for (const policy of ['refuse', 'mark'] as const) {
      const client = await started({ timeProofs: 'off', policy, transports: [serving(lie)] })
      await client.ready({ timeoutMillis: 60_000 })
      const refusal = await client.getVertex(vertex).catch((error: ClientError) => error)
      expect(refusal).toMatchObject({ name: 'RefusedError', code: 'refused' })
      expect((refusal as ClientError).message).toContain('/memory/a: the proof of the shard does not hold')
      expect(await codeOf(client.getShard(vertex.slice(64)))).toBe('notFound')
      expect(await codeOf(client.listProvers())).toBe('noPeers')
      expect(await codeOf(client.getVertex('0a'))).toBe('arguments')
    }
    const without = await started({ timeProofs: 'off' })
    await without.ready({ timeoutMillis: 60_000 })
    expect(await codeOf(without.getProver(vertex.slice(64)))).toBe('notFound')
  })

  test('a read is given up with its signal, and ends with the client; so does what is followed', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const silent = serving((_question, signal) => {
      resolve()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const client = await started({ timeProofs: 'off', transports: [silent] })
    await client.ready({ timeoutMillis: 60_000 })
    const controller = new AbortController()
    const given = client.getVertex(vertex, { signal: controller.signal })
    await asked
    controller.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    const errors: Error[] = []
    client.watch(vertex, () => {}, { onError: (error) => errors.push(error) })
    const waiting = codeOf(client.getHyperedge(vertex))
    await client.stop()
    expect(await waiting).toBe('stopped')
    await expect.poll(() => errors).toMatchObject([{ code: 'stopped' }])
    expect(await codeOf(client.getVertex(vertex))).toBe('stopped')
  })
})

describe('what a browser may lack', () => {
  test('IndexedDB: what was verified is there at the next start, without any peer', async () => {
    const options = { store: 'indexeddb' as const, timeProofs: 'off' as const }
    const first = await started(options)
    await first.ready({ timeoutMillis: 60_000 })
    await expect.poll(async () => (await first.recent(100)).length, { timeout: 60_000 }).toBe(16)
    await first.stop()
    const nobody: LightTransport = () => Promise.reject(new Error('unreachable'))
    const second = await started({ ...options, transports: [nobody] })
    expect(await second.ready({ timeoutMillis: 60_000 })).toMatchObject({ frame: LAST, value: { from: null } })
    await expect.poll(async () => (await second.recent(100)).length, { timeout: 60_000 }).toBe(16)
  })

  test('two clients at once share one store and both follow', async () => {
    const options = { store: 'indexeddb' as const, timeProofs: 'off' as const }
    const [one, two] = await Promise.all([started(options), started(options)])
    const heads = await Promise.all([one.ready({ timeoutMillis: 60_000 }), two.ready({ timeoutMillis: 60_000 })])
    expect(heads.map((head) => head.frame)).toEqual([LAST, LAST])
    await one.stop()
    expect(await two.header(FIRST + 6n)).toMatchObject({ frame: FIRST + 6n })
  })

  test("the embedder's own store is used", async () => {
    const store = new MemoryStore()
    const client = await started({ store, timeProofs: 'off' })
    await client.ready({ timeoutMillis: 60_000 })
    let stored = 0
    for await (const _ of store.range()) stored++
    expect(stored).toBeGreaterThan(0)
  })

  test('workers: without them nothing is called verified', async () => {
    const client = new TabClient({ network: description(), transports: [honest] }, () => {
      throw new DOMException('blocked', 'SecurityError')
    })
    await client.start()
    expect(client.state.phase).toBe('halted')
    expect(client.state.next).toContain('WebAssembly')
    expect(await codeOf(client.ready())).toBe('engine')
    await client.stop()
    const missing = new TabClient({ network: description(), transports: [honest] }, () => {
      return new Worker(new URL('/nowhere.js', location.href), { type: 'module' })
    })
    await missing.start()
    expect(await codeOf(missing.ready())).toBe('engine')
    expect(await codeOf(missing.verify(new Uint8Array(3)))).toBe('engine')
    expect(await missing.head()).toBeNull()
    await missing.stop()
  })
})

describe('a worker that ends', () => {
  const spawned: Worker[] = []
  const BEAT_MILLIS = 200
  const running = async (options: Partial<ClientOptions> = {}): Promise<TabClient> => {
    const spawn = () => {
      spawned.push(new Worker(new URL('./client-worker.ts', import.meta.url), { type: 'module' }))
      return spawned.at(-1) as Worker
    }
    const wish = {
      network: description(),
      store: 'memory',
      transports: [honest],
      timeProofs: 'off',
      ...options,
    } as const
    const client = new TabClient(wish, spawn, BEAT_MILLIS)
    clients.push(client)
    await client.start()
    return client
  }

  test('is noticed: the state says it, every call that waits or follows fails as crashed', async () => {
    const never: LightTransport = () => new Promise(() => {})
    const waiting = await running({ transports: [never] })
    const calls = [codeOf(waiting.ready()), codeOf(waiting.header(FIRST))]
    spawned.at(-1)?.terminate()
    expect(await Promise.all(calls)).toEqual(['crashed', 'crashed'])
    expect(waiting.state).toMatchObject({ phase: 'halted', health: 'stalled', peers: [] })
    expect(waiting.state.reason).toContain('does not answer')
    expect(waiting.state.next).toContain('what was verified is kept')

    const client = await running()
    await until(client, ({ at }) => at === LAST)
    spawned.at(-1)?.terminate()
    expect(await codeOf(client.verify(headers.get(LAST) as Uint8Array))).toBe('crashed')
    expect(client.state).toMatchObject({ phase: 'halted', at: LAST })
    for (const call of [client.ready(), client.export(), client.header(LAST), client.addAddress('/memory/b')]) {
      expect(await codeOf(call)).toBe('crashed')
    }
    expect(await client.head()).toBeNull()
    await client.stop()
    expect(client.state.phase).toBe('stopped')
  })

  test('one that only fails somewhere, and answers, goes on', async () => {
    const client = await running()
    await client.ready({ timeoutMillis: 60_000 })
    spawned.at(-1)?.dispatchEvent(new ErrorEvent('error', { message: 'made up' }))
    await new Promise((resolve) => setTimeout(resolve, 5 * BEAT_MILLIS))
    expect(await client.header(FIRST + 4n)).toMatchObject({ frame: FIRST + 4n })
    expect(client.state.phase).not.toBe('halted')
  })
})

describe('manners', () => {
  test('a checkpoint goes out and comes in again; others are refused', async () => {
    const client = await started({ timeProofs: 'off' })
    expect(await codeOf(client.export())).toBe('notFound')
    await client.ready({ timeoutMillis: 60_000 })
    const checkpoint = await client.export()
    expect(checkpoint.length).toBeLessThanOrEqual(65_536)
    const nobody: LightTransport = () => Promise.reject(new Error('unreachable'))
    const other = await started({ transports: [nobody], timeProofs: 'off' })
    await until(other, ({ phase }) => phase === 'connecting')
    expect(await other.import(checkpoint)).toMatchObject({
      frame: LAST,
      verified: 'certificate',
      value: { from: null },
    })
    expect(await other.head()).toMatchObject({ frame: LAST })
    expect(await codeOf(other.import(new Uint8Array(100_000)))).toBe('import')
    expect(await codeOf(other.import(Uint8Array.of(1)))).toBe('import')
    const text = new TextDecoder().decode(checkpoint).replace('recorded', 'other')
    expect(await codeOf(other.import(new TextEncoder().encode(text)))).toBe('import')
  })

  test('a damaged checkpoint is refused, also where the frame is held and its certificate does not cover the damage', async () => {
    const client = await started({ timeProofs: 'off' })
    await client.ready({ timeoutMillis: 60_000 })
    const head = await client.head()
    const header = headers.get(LAST) as Uint8Array
    for (const [name, check] of [
      ['timestamp', 'vdf'],
      ['global_commitments', 'vdf'],
      ['signature', 'signature'],
    ] as const) {
      const field = locateFields(header).find((one) => one.name.startsWith(name))
      expect(field, name).toBeDefined()
      const damaged = header.slice()
      const at = (field?.offset ?? 0) + ((field?.length ?? 0) >> 1)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      const file = encodeCheckpoint({ network: 'recorded', profile: '2.1.0.24', header: damaged })
      const error = await client.import(file).catch((one: ClientError) => one)
      expect(error, name).toMatchObject({ name: 'RefusedError', code: 'refused' })
      expect((error as ClientError).message, name).toContain(`refused by the check ${check}`)
    }
    expect((await client.head())?.value.bytes).toEqual(head?.value.bytes)
    expect(await client.import(await client.export())).toMatchObject({ frame: LAST, root: head?.root })
  })

  test('anchors that are wrong or old halt it, and say so', async () => {
    const network = description()
    const old = await started({ network: { ...network, anchors: { ...network.anchors, issuedAt: 1000 } } })
    const error = await old.ready({ timeoutMillis: 60_000 }).catch((one: ClientError) => one)
    expect(error).toMatchObject({ name: 'AnchorsError', code: 'anchors' })
    expect((error as ClientError).message).toMatch(/days old/)
    const malformed = { ...network, anchors: { ...network.anchors, checkpoint: { number: 'x' } } } as never
    expect(await codeOf((await started({ network: malformed })).ready({ timeoutMillis: 60_000 }))).toBe('anchors')
    const members = (network.anchors.committee?.members ?? [])
      .map((member) => ({ ...member, publicKey: '00'.repeat(585) }))
      .slice(0, 1)
    const undecodable = { ...network.anchors, committee: { members, threshold: null } }
    expect(await codeOf((await started({ network, anchors: undecodable })).ready({ timeoutMillis: 60_000 }))).toBe(
      'anchors',
    )
  })

  test('options that cannot be are told at once', () => {
    const wrong = (options: object) => () => createClient({ network: description(), ...options } as ClientOptions)
    for (const options of [
      { network: 'no address' },
      { transports: [] },
      { transports: ['carrier-pigeon'] },
      { policy: 'maybe' },
      { store: 'disk' },
      { limits: { peers: -1 } },
    ]) {
      expect(wrong(options)).toThrow(expect.objectContaining({ name: 'ArgumentsError', code: 'arguments' }))
    }
  })

  test('stop is final and idempotent; what waits is told; await using works', async () => {
    const nobody: LightTransport = () => new Promise(() => {})
    const client = await started({ transports: [nobody] })
    const waiting = codeOf(client.ready())
    const query = codeOf(client.header(FIRST))
    await Promise.all([client.stop(), client.stop()])
    expect(await waiting).toBe('stopped')
    expect(['stopped', 'notFound']).toContain(await query)
    expect(client.state.phase).toBe('stopped')
    expect(await codeOf(client.start())).toBe('stopped')
    expect(await codeOf(client.ready())).toBe('stopped')
    expect(await codeOf(client.verify(new Uint8Array(3)))).toBe('stopped')
    expect(await client.head()).toBeNull()
    {
      await using short = make()
      expect(short.state.phase).toBe('idle')
    }
    expect(await codeOf(make().verify(new Uint8Array(3)))).toBe('stopped')
  })

  test('at most two states a second', async () => {
    const client = make({ timeProofs: 'off' })
    let states = 0
    client.on('state', () => states++)
    const began = performance.now()
    await client.start()
    await client.ready({ timeoutMillis: 60_000 })
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(states).toBeLessThanOrEqual(2 * ((performance.now() - began) / 1000) + 2)
  })
})
