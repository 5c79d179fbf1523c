/** Every call of the engines that takes bytes from outside; both engines must say the same of each input. */
import type { EngineErrorCode, FullEngine } from '../../core/platform/engine.ts'
import { ofLength, readVector, vectorBytes } from './corpus.ts'
import { inputBytes, inputText } from './mutate.ts'
import type { Random } from './random.ts'
import { outcomeOf, type Target, toHex } from './target.ts'

const CODES: readonly EngineErrorCode[] = [
  'length',
  'decode',
  'range',
  'empty',
  'identity',
  'cancelled',
  'handle',
  'arguments',
]
const DIFFICULTIES = [0, 1, 7, 50, 10_000, 0xffff_ffff] as const
const BITS = [0, 1, 7, 8, 64, 256, 257] as const
const FORM_OPERATIONS = ['identity', 'generator', 'multiply', 'square', 'inverse', '', 'cube'] as const
const SCALAR_OPERATIONS = ['add', 'sub', 'mul', 'inv', '', 'pow'] as const
const RULES = JSON.stringify({
  genesisNumber: '0',
  genesisIdentity: '00'.repeat(32),
  proverInCommittee: true,
  difficultyFloor: 0,
})
const MOST_LIST = 4

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined
  return CODES.find((known) => known === code)
}

interface Chain {
  readonly committee: readonly { readonly public_key: string; readonly weight?: string | number }[]
}

function committeeText(): string {
  const chain = readVector('frames/global_chain.json') as Chain
  const members = chain.committee.map(({ public_key, weight }) => ({
    publicKey: public_key,
    weight: String(weight ?? 1),
  }))
  return JSON.stringify({ members, threshold: null })
}

export function engineTargets(engines: readonly FullEngine[]): Target[] {
  const bls = vectorBytes('bls48581')
  const vdf = vectorBytes('vdf')
  const frames = vectorBytes('frames')
  const canonical = vectorBytes('canonical')
  const reader = engines[0] as FullEngine
  const accepted = (all: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): Uint8Array[] =>
    all.filter((bytes) => outcomeOf(() => read(bytes), codeOf).startsWith('value:'))
  // seeds that are good get further when they are changed a little; bad ones are what most changes make anyway
  const seeds = {
    keys: accepted(ofLength(bls, 585), (bytes) => reader.blsDecodeG2(bytes)),
    signatures: accepted(ofLength(bls, 74), (bytes) => reader.blsDecodeG1(bytes)),
    pointsG1: [...ofLength(bls, 74), ...ofLength(bls, 147)],
    pointsG2: [...ofLength(bls, 585), ...ofLength(bls, 1169)],
    scalars: ofLength(bls, 73),
    messages: bls.filter((bytes) => bytes.length <= 200),
    outputs: [...ofLength(vdf, 516), ...ofLength(frames, 516)],
    forms: ofLength(vdf, 258),
    discriminants: ofLength(vdf, 256),
    challenges: ofLength(vdf, 32),
    headers: accepted([...frames, ...canonical], (bytes) => reader.globalHeaderFacts(bytes)),
    appHeaders: accepted([...frames, ...canonical], (bytes) => reader.appHeaderFacts(bytes)),
  }
  for (const [name, list] of Object.entries(seeds)) if (list.length === 0) throw new Error(`no seeds: ${name}`)
  const committee = committeeText()
  const target = (
    name: string,
    weight: number,
    make: (random: Random, say: (text: string) => void) => (engine: FullEngine) => unknown,
  ): Target => ({
    name,
    weight,
    run(random) {
      const said: string[] = []
      const call = make(random, (text) => said.push(text))
      return { input: said.join(' '), outcomes: engines.map((engine) => outcomeOf(() => call(engine), codeOf)) }
    },
  })
  /** A target of one byte string. */
  const bytes = (
    name: string,
    weight: number,
    from: readonly Uint8Array[],
    call: (engine: FullEngine, input: Uint8Array) => unknown,
  ): Target =>
    target(name, weight, (random, say) => {
      const input = inputBytes(from, random)
      say(toHex(input))
      return (engine) => call(engine, input)
    })
  const several = (random: Random, from: readonly Uint8Array[], say: (text: string) => void): Uint8Array[] =>
    Array.from({ length: random.below(MOST_LIST + 1) }, () => told(random, from, say))
  const told = (random: Random, from: readonly Uint8Array[], say: (text: string) => void): Uint8Array => {
    // of several arguments most stay good, so that the others are looked at
    const input = random.below(3) > 0 ? (random.pick(from) ?? new Uint8Array(0)) : inputBytes(from, random)
    say(toHex(input) || '-')
    return input
  }

  return [
    bytes('blsDecodeG1', 20, seeds.pointsG1, (engine, input) => engine.blsDecodeG1(input)),
    bytes('blsDecodeG2', 10, seeds.pointsG2, (engine, input) => engine.blsDecodeG2(input)),
    bytes('blsInSubgroupG1', 10, seeds.pointsG1, (engine, input) => engine.blsInSubgroupG1(input)),
    bytes('blsInSubgroupG2', 5, seeds.pointsG2, (engine, input) => engine.blsInSubgroupG2(input)),
    bytes('blsPublicKey', 3, seeds.scalars, (engine, input) => engine.blsPublicKey(input)),
    bytes('blsHashToCurve', 2, seeds.messages, (engine, input) => engine.blsHashToCurve(input)),
    bytes('blsMultiplyGeneratorG1', 3, seeds.scalars, (engine, input) => engine.blsMultiplyGeneratorG1(input)),
    target('blsScalar', 20, (random, say) => {
      const operation = random.pick(SCALAR_OPERATIONS)
      say(operation || '-')
      const [a, b] = [told(random, seeds.scalars, say), told(random, seeds.scalars, say)]
      return (engine) => engine.blsScalar(operation, a, b)
    }),
    target('blsVerify', 2, (random, say) => {
      const parts = [seeds.keys, seeds.signatures, seeds.messages, seeds.messages].map((from) =>
        told(random, from, say),
      )
      const [key, signature, message, domain] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
      return (engine) => engine.blsVerify(key, signature, message, domain)
    }),
    target('blsVerifyPossession', 2, (random, say) => {
      const [key, proof] = [told(random, seeds.keys, say), told(random, seeds.signatures, say)]
      return (engine) => engine.blsVerifyPossession(key, proof)
    }),
    target('blsVerifyMulti', 1, (random, say) => {
      const [keys, messages] = [several(random, seeds.keys, say), several(random, seeds.messages, say)]
      const signature = told(random, seeds.signatures, say)
      return (engine) => engine.blsVerifyMulti(keys, signature, messages, new Uint8Array(0))
    }),
    target('blsAggregateKeys', 4, (random, say) => {
      const keys = several(random, seeds.keys, say)
      return (engine) => engine.blsAggregateKeys(keys)
    }),
    target('blsAggregateSignatures', 10, (random, say) => {
      const signatures = several(random, seeds.signatures, say)
      return (engine) => engine.blsAggregateSignatures(signatures)
    }),

    bytes('poseidonHashBytes', 5, seeds.outputs, (engine, input) => engine.poseidonHashBytes(input)),
    target('poseidonHashElements', 10, (random, say) => {
      const elements = several(random, seeds.challenges, say)
      return (engine) => engine.poseidonHashElements(elements)
    }),

    target('vdfVerifyWith', 10, (random, say) => {
      const [discriminant, output] = [told(random, seeds.discriminants, say), told(random, seeds.outputs, say)]
      const difficulty = random.pick(DIFFICULTIES)
      say(String(difficulty))
      return (engine) => engine.vdfVerifyWith(discriminant, difficulty, output)
    }),
    target('vdfForm', 1, (random, say) => {
      const operation = random.pick(FORM_OPERATIONS)
      say(operation || '-')
      const challenge = random.pick(seeds.challenges) ?? new Uint8Array(32)
      say(toHex(challenge))
      const [f, g] = [told(random, seeds.forms, say), told(random, seeds.forms, say)]
      return (engine) => engine.vdfForm(operation, challenge, f, g)
    }),
    target('vdfDiscriminant', 3, (random, say) => {
      const challenge = told(random, seeds.challenges, say)
      const bits = random.pick(BITS)
      say(String(bits))
      return (engine) => engine.vdfDiscriminant(challenge, bits)
    }),
    target('DiscriminantSearch', 3, (random, say) => {
      const challenge = told(random, seeds.challenges, say)
      const [bits, from, count] = [random.pick(BITS), random.u32() >>> random.below(32), random.below(40)]
      say(`${bits} ${from} ${count}`)
      return (engine) => {
        const search = new engine.DiscriminantSearch(challenge, bits)
        try {
          return [search.testRange(from, count), toHex(search.candidate(from))]
        } finally {
          search.free()
        }
      }
    }),

    bytes('globalHeaderFacts', 20, seeds.headers, (engine, input) => engine.globalHeaderFacts(input)),
    bytes('appHeaderFacts', 20, seeds.appHeaders, (engine, input) => engine.appHeaderFacts(input)),
    target('globalHeaderEncode', 20, (random, say) => {
      const header = told(random, seeds.headers, say)
      const form = random.pick(['protobuf', 'canonical', ''])
      say(form || '-')
      return (engine) => engine.globalHeaderEncode(header, form)
    }),
    target('appHeaderEncode', 20, (random, say) => {
      const header = told(random, seeds.appHeaders, say)
      const form = random.pick(['protobuf', 'canonical', ''])
      say(form || '-')
      return (engine) => engine.appHeaderEncode(header, form)
    }),
    target('globalHeaderBuild', 5, (random, say) => {
      const good = random.pick(seeds.headers) ?? new Uint8Array(0)
      const facts = outcomeOf(() => (engines[0] as FullEngine).globalHeaderFacts(good), codeOf)
      const text = inputText(
        [facts.startsWith('value:') ? (JSON.parse(facts.slice('value:'.length)) as string) : '{}'],
        random,
      )
      say(toHex(new TextEncoder().encode(text)))
      return (engine) => engine.globalHeaderBuild(text)
    }),
    target('verifyTimeProof', 5, (random, say) => {
      const [header, discriminant] = [told(random, seeds.headers, say), told(random, seeds.discriminants, say)]
      return (engine) => engine.verifyTimeProof(header, discriminant)
    }),
    target('Committee', 2, (random, say) => {
      const text = inputText([committee], random)
      say(toHex(new TextEncoder().encode(text)))
      const header = told(random, seeds.headers, say)
      const rules = inputText([RULES], random)
      say(toHex(new TextEncoder().encode(rules)))
      return (engine) => {
        const handle = new engine.Committee(text)
        try {
          return handle.verifyCertificate(header, rules)
        } finally {
          handle.free()
        }
      }
    }),
    target('verifyAppHeader', 1, (random, say) => {
      const header = told(random, seeds.appHeaders, say)
      const text = inputText([committee], random)
      say(toHex(new TextEncoder().encode(text)))
      const ids = several(random, seeds.challenges, say)
      return (engine) => engine.verifyAppHeader(header, text, ids)
    }),
  ]
}
