import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NodeError } from '../errors.ts'
import { ringOf } from '../keys/testing.ts'
import { FakeCrypto } from '../testing/fake-crypto.ts'
import { MemoryLedger } from '../testing/memory-ledger.ts'
import { calibrate } from './calibrate.ts'
import { openMembers } from './committee.ts'
import { bitmask, FrameMaker, type VoteBook, voteMessage, voters } from './frame-maker.ts'
import { createGenesis, readGenesis, rulesOf } from './genesis.ts'
import { LocalChain } from './local-chain.ts'
import { LOCAL } from './local-profile.ts'
import { dueAt, type GrowingChain, produce } from './producer.ts'
import { RECENT_FRAMES } from './served-chain.ts'
import type { Head } from './source.ts'

let directory: string
let crypto: FakeCrypto
let frames: Map<bigint, Uint8Array>
let votes: MemoryVotes
beforeEach(async () => {
  frames = new Map()
  votes = new MemoryVotes()
  directory = await mkdtemp(join(tmpdir(), 'petal-chain-'))
  crypto = new FakeCrypto()
})
afterEach(() => rm(directory, { recursive: true }))

const never = new AbortController().signal

class MemoryVotes implements VoteBook {
  readonly ranks: bigint[] = []

  async highest(): Promise<bigint | null> {
    return this.ranks.at(-1) ?? null
  }

  async record(rank: bigint): Promise<void> {
    this.ranks.push(rank)
  }
}

async function openNetwork() {
  const members = await openMembers(crypto, await ringOf(directory))
  const ledger = new MemoryLedger(frames)
  const roots = await ledger.commitGenesis(members.map(({ publicKey }) => publicKey))
  const genesis =
    (await readGenesis(directory, crypto, members)) ??
    (await createGenesis(directory, crypto, members, roots, 5_000, 1_000))
  const chain = await LocalChain.open({ ledger, genesis, crypto, frameIntervalMillis: 10_000, now: () => 77 })
  const maker = new FrameMaker(crypto, members, await crypto.openCommittee(), rulesOf(genesis), votes)
  const grow = async () => {
    const parent = chain.headFacts
    const roots = await chain.nextRoots()
    const frame = await maker.make(parent, roots, parent.timestamp + 10_000n, genesis.difficulty, never)
    await chain.append(frame.header, frame.facts)
    return frame
  }
  return { members, genesis, chain, maker, grow }
}

describe('votes', () => {
  test('each rank is recorded before it is signed, and never twice', async () => {
    const { grow, chain } = await openNetwork()
    await grow()
    await grow()
    expect(votes.ranks).toEqual([1n, 2n])
    // Voted in, and the frame was lost before it left: the next one has the rank after.
    votes.ranks.push(3n)
    expect((await grow()).facts).toMatchObject({ number: 3n, rank: 4n })
    await chain.close()
  })

  test('who may not vote makes no frame', async () => {
    const { maker, chain, genesis } = await openNetwork()
    votes.record = async () => {
      throw new NodeError('rollback', 'an older copy')
    }
    const made = maker.make(chain.headFacts, await chain.nextRoots(), 20_000n, genesis.difficulty, never)
    await expect(made).rejects.toMatchObject({ code: 'rollback' })
    await chain.close()
  })
})

describe('genesis (spec 11 section 4.5, 31 section 10.3)', () => {
  test('frame 0: output and selector of zeros, rank 0, 256 commitments, an empty signature', async () => {
    const { genesis, chain } = await openNetwork()
    expect(genesis.facts).toMatchObject({ number: 0n, rank: 0n, timestamp: 1_000n, difficulty: 5_000 })
    expect(genesis.facts.output).toEqual(new Uint8Array(516))
    expect(genesis.facts.parentSelector).toEqual(new Uint8Array(32))
    expect(genesis.facts.globalCommitments).toHaveLength(256)
    expect(genesis.facts.signature?.signature).toEqual(new Uint8Array(0))
    expect(chain.head().number).toBe(0n)
    await chain.close()
  })

  test('a restart finds the same keys and the same genesis', async () => {
    const first = await openNetwork()
    await first.chain.close()
    const second = await openNetwork()
    expect(second.members).toEqual(first.members)
    expect(second.genesis).toEqual(first.genesis)
    const addresses = first.members.map(({ address }) => Buffer.from(address).toString('hex'))
    expect(addresses).toEqual([...addresses].sort())
    await second.chain.close()
  })

  test('a genesis of other keys, of another form or of another log is refused', async () => {
    const { chain, grow } = await openNetwork()
    await grow()
    await chain.close()
    const genesis = join(directory, 'genesis.json')
    const content = await readFile(genesis, 'utf8')
    for (const wrong of [
      '',
      '{}',
      'null',
      content.replace('"local"', '"other"'),
      content.replace(/"header": "../, '"header": "'),
    ]) {
      await writeFile(genesis, wrong)
      await expect(openNetwork()).rejects.toBeInstanceOf(NodeError)
    }
    await writeFile(genesis, content)
    await rename(join(directory, 'keys.json'), join(directory, 'elsewhere'))
    await expect(openNetwork()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('is gone') })
    await rm(genesis)
    const others = await ringOf(directory)
    await writeFile(genesis, content)
    await expect(openNetwork()).rejects.toMatchObject({ code: 'corrupt' })
    others.close()
    await rm(genesis)
    await expect(openNetwork()).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('another genesis'),
    })
  })
})

describe('frames (spec 11 section 7)', () => {
  test('each follows its parent, names its leader and carries the votes of its signers', async () => {
    const { members, chain, grow } = await openNetwork()
    let parent = chain.headFacts
    for (let n = 1n; n <= 10n; n++) {
      const { facts, signers } = await grow()
      expect(facts).toMatchObject({ number: n, rank: n, difficulty: 5_000 })
      expect(facts.parentSelector).toEqual(parent.identity)
      const leader = Number(n % 4n)
      expect(facts.prover).toEqual(members[leader]?.address)
      expect(signers).toContain(leader)
      expect(facts.signature?.bitmask).toEqual(new Uint8Array([signers.reduce((mask, i) => mask | (1 << i), 0)]))
      parent = facts
    }
    await chain.close()
  })

  test('at least three of four vote, and everyone is absent sometimes', () => {
    const absent = new Set<number>()
    for (let n = 1n; n <= 60n; n++) {
      const signers = voters(n, 4)
      expect(signers.length).toBeGreaterThanOrEqual(3)
      for (const i of [0, 1, 2, 3]) if (!signers.includes(i)) absent.add(i)
    }
    expect([...absent].sort()).toEqual([0, 1, 2, 3])
  })

  test('bits and vote message are laid out as in spec 11 section 4.3', () => {
    expect(bitmask([0, 3, 9], 10)).toEqual(new Uint8Array([0b1001, 0b10]))
    expect(voteMessage(new Uint8Array([7, 8]), 258n)).toEqual(new Uint8Array([7, 8, 0, 0, 0, 0, 0, 0, 1, 2]))
  })

  test('what does not verify here is not announced', async () => {
    const { chain, grow } = await openNetwork()
    crypto.refuse = true
    await expect(grow()).rejects.toMatchObject({
      code: 'produce',
      message: expect.stringContaining('signature: told to'),
    })
    expect(chain.head().number).toBe(0n)
    await chain.close()
  })
})

describe('chain', () => {
  test('each header carries the roots of its ledger, and a ledger of other state is refused', async () => {
    const { chain, grow, genesis } = await openNetwork()
    const { facts } = await grow()
    const roots = await new MemoryLedger().commitFrame(1n)
    expect(facts.globalCommitments).toEqual(roots.globalCommitments)
    expect(facts.proverTreeCommitment).toEqual(roots.proverTreeCommitment)
    await chain.close()
    class OtherState extends MemoryLedger {
      override commitGenesis() {
        return this.commitFrame(99n)
      }
    }
    const ledger = new OtherState()
    await expect(LocalChain.open({ ledger, genesis, crypto, frameIntervalMillis: 1_000 })).rejects.toMatchObject({
      code: 'corrupt',
    })
    expect(ledger.frames.size).toBe(0)
  })

  test('a restart continues where the last announced frame is', async () => {
    const first = await openNetwork()
    for (let i = 0; i < 5; i++) await first.grow()
    const head = first.chain.head()
    await first.chain.close()
    const second = await openNetwork()
    expect(second.chain.head()).toEqual(head)
    await second.grow()
    expect(second.chain.head().number).toBe(6n)
    await second.chain.close()
  })

  test('a frame is announced when it can be read, to every listener', async () => {
    const { chain, grow } = await openNetwork()
    const heard: Head[] = []
    const stop = chain.onHead((head) => heard.push(head))
    await grow()
    await grow()
    stop()
    await grow()
    expect(heard.map(({ number }) => number)).toEqual([1n, 2n])
    expect(await chain.header(2n)).toEqual(heard[1]?.header)
    expect(await chain.header(4n)).toBeUndefined()
    await chain.close()
  })

  test('old headers come from disk; the checkpoint moves and stays before the head', async () => {
    const { chain, grow, genesis } = await openNetwork()
    expect(chain.anchors()).toMatchObject({ checkpoint: { number: '0' }, issuedAt: 77, committee: { threshold: null } })
    const last = RECENT_FRAMES + 5
    for (let n = 1; n <= last; n++) {
      await grow()
      expect(Number(chain.anchors().checkpoint.number)).toBe(n > RECENT_FRAMES ? RECENT_FRAMES : 0)
    }
    expect(await chain.header(0n)).toEqual(genesis.header)
    expect((await crypto.inspectHeader((await chain.header(3n)) ?? new Uint8Array())).number).toBe(3n)
    await chain.close()
    const again = await openNetwork()
    expect(again.chain.anchors()).toEqual(chain.anchors())
    await again.chain.close()
  })
})

describe('producer', () => {
  test('frames are due an interval after their parents, never sooner than they can be solved, never later than an interval', () => {
    expect(dueAt(10_000, 9_000, 10_000, false)).toBe(19_000)
    expect(dueAt(30_000, 9_000, 10_000, false)).toBe(32_500)
    expect(dueAt(10_000, 9_000, 10_000, true)).toBe(12_500)
    // The clock was set back by a day.
    expect(dueAt(10_000, 86_400_000, 10_000, false)).toBe(20_000)
  })

  const nextRoots = async () => ({ globalCommitments: [], proverTreeCommitment: new Uint8Array(64) })
  const facts = (number: bigint) => ({ number, timestamp: BigInt(Date.now()) }) as HeaderFacts
  const frame = (number: bigint) => ({ header: new Uint8Array(), facts: facts(number), signers: [], solveMillis: 0 })

  test('it makes frames until it is stopped, and tries again after a failure that may pass', async () => {
    const stop = new AbortController()
    const appended: bigint[] = []
    const failures: boolean[] = []
    let head = facts(0n)
    const chain: GrowingChain = {
      get headFacts() {
        return head
      },
      nextRoots,
      async append(_, next) {
        appended.push(next.number)
        head = next
        if (next.number === 3n) stop.abort()
      },
    }
    let tries = 0
    await produce(
      {
        chain,
        maker: {
          async make(parent) {
            if (++tries === 2) throw new Error('a thread died')
            return frame(parent.number + 1n)
          },
        },
        difficulty: 1,
        frameIntervalMillis: 20,
        onFrame: () => undefined,
        onFailure: (_, final) => failures.push(final),
      },
      stop.signal,
    )
    expect(appended).toEqual([1n, 2n, 3n])
    expect(failures).toEqual([false])
  })

  test('it gives up at once when the disk is full', async () => {
    const failures: [string, boolean][] = []
    await produce(
      {
        chain: {
          headFacts: facts(0n),
          nextRoots,
          append: () => Promise.reject(new NodeError('data', 'no space left')),
        },
        maker: { make: async () => frame(1n) },
        difficulty: 1,
        frameIntervalMillis: 20,
        onFrame: () => undefined,
        onFailure: (error, final) => failures.push([(error as Error).message, final]),
      },
      never,
    )
    expect(failures).toEqual([['no space left', true]])
  })
})

describe('calibration', () => {
  const solver = (searchMillis: number, squaringMicros: number) => {
    let clock = 0
    const solveVdf: Crypto['solveVdf'] = async (_, difficulty) => {
      clock += searchMillis + (difficulty * squaringMicros) / 1000
      return new Uint8Array(516)
    }
    return { crypto: { solveVdf }, now: () => clock }
  }

  test('a quarter of the interval goes into the proof, the search included', async () => {
    const { crypto, now } = solver(200, 40)
    expect((await calibrate(crypto, 10_000, {}, now)).difficulty).toBe(57_500)
  })

  test('the floor holds on a slow machine, the ceiling on a clock that stands still', async () => {
    const slow = solver(5_000, 4_000)
    expect((await calibrate(slow.crypto, 1_000, {}, slow.now)).difficulty).toBe(LOCAL.difficultyFloor)
    expect((await calibrate(slow.crypto, 10_000, {}, () => 0)).difficulty).toBe(LOCAL.difficultyCeiling)
  })
})
