/** The parsers of core for what peers, files and people send: each answers a value or its one typed error. */
import { CodecError, MESSAGES_BY_PREFIX } from '../../core/codec/index.ts'
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from '../../core/light/checkpoint.ts'
import { DescriptionError, parseAnchors, parseNetworkDescription } from '../../core/light/network-description.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameDecoder,
  WIRE_LIMITS,
  WireError,
} from '../../core/light/wire.ts'
import { vectorBytes } from './corpus.ts'
import { inputBytes, inputText, join } from './mutate.ts'
import type { Random } from './random.ts'
import { outcomeOf, type Target, toHex } from './target.ts'

const NETWORK = { network: 'local', profile: '2.1.0.24' }

const ANCHORS = {
  committee: {
    members: ['a', 'b'].map((digit) => ({ publicKey: digit.repeat(1170), weight: '1000' })),
    threshold: '1001',
  },
  checkpoint: { number: '0', identity: '0'.repeat(64), rank: '0', timestamp: '1744726759481', difficulty: 1000 },
  rules: { genesisNumber: '0', genesisIdentity: 'f'.repeat(64), proverInCommittee: true, difficultyFloor: 0 },
  issuedAt: 1744726759481,
}
const DESCRIPTION = {
  format: 1,
  ...NETWORK,
  addresses: ['/ip4/127.0.0.1/tcp/4001/ws'],
  anchors: ANCHORS,
  frameIntervalMillis: 10_000,
}

const codeOf =
  (kind: abstract new (...args: never[]) => Error & { readonly code: string }) =>
  (error: unknown): string | undefined =>
    error instanceof kind ? error.code : undefined

/** Messages that a stream gives when it arrives in pieces of `size` bytes, or why it is refused. */
function messagesOf(stream: Uint8Array, size: number, limit: number): string[] {
  const decoder = new FrameDecoder(limit)
  const messages: string[] = []
  for (let at = 0; at < stream.length; at += size) {
    for (const message of decoder.push(stream.subarray(at, at + size))) messages.push(toHex(message))
  }
  decoder.finish()
  return messages
}

export function coreTargets(): Target[] {
  const header = vectorBytes('frames').reduce((a, b) => (a.length > b.length ? a : b))
  const requests = [
    encodeRequest({ kind: 'hello', ...NETWORK }),
    encodeRequest({ kind: 'head' }),
    encodeRequest({ kind: 'headers', from: 244_200n, count: 32 }),
    encodeRequest({ kind: 'subscribe' }),
    encodeRequest({ kind: 'alerts' }),
  ]
  const responses = [
    encodeResponse({ kind: 'head', header }),
    encodeResponse({ kind: 'headers', headers: [header.slice(0, 500), header.slice(0, 30)] }),
    encodeResponse({ kind: 'error', code: 'notFound', message: 'no such frame' }),
    encodeResponse({ kind: 'alerts', alerts: [header.slice(0, 1126), header.slice(0, 118)] }),
  ]
  const unframed = (framed: Uint8Array) => [...new FrameDecoder(WIRE_LIMITS.messageBytes).push(framed)]
  const canonical = vectorBytes('canonical')
  const checkpoint = encodeCheckpoint({ ...NETWORK, header: header.slice(0, 600) })
  const wire = codeOf(WireError)

  const bytes = (
    name: string,
    weight: number,
    seeds: readonly Uint8Array[],
    call: (input: Uint8Array) => unknown,
    code: (error: unknown) => string | undefined,
  ): Target => ({
    name,
    weight,
    run(random) {
      const input = inputBytes(seeds, random)
      return { input: toHex(input), outcomes: [outcomeOf(() => call(input), code)] }
    },
  })
  const text = (name: string, weight: number, seed: unknown, call: (input: string) => unknown): Target => ({
    name,
    weight,
    run(random) {
      const input = inputText([JSON.stringify(seed)], random)
      return {
        input: toHex(new TextEncoder().encode(input)),
        outcomes: [outcomeOf(() => call(input), codeOf(DescriptionError))],
      }
    },
  })

  return [
    bytes('decodeRequest', 20, requests.flatMap(unframed), decodeRequest, wire),
    bytes('decodeResponse', 20, responses.flatMap(unframed), decodeResponse, wire),
    bytes('canonical message', 60, canonical, decodeAndEncode, codeOf(CodecError)),
    bytes('checkpoint file', 20, [checkpoint], (input) => decodeCheckpoint(input, NETWORK), codeOf(CheckpointError)),
    text('network.json', 20, DESCRIPTION, parseNetworkDescription),
    text('anchors', 20, ANCHORS, parseAnchors),
    {
      name: 'stream in pieces',
      weight: 20,
      run(random: Random) {
        const pieces = Array.from(
          { length: random.below(4) },
          () => random.pick([...requests, ...responses.slice(1)]) ?? new Uint8Array(0),
        )
        const stream = inputBytes([join(...pieces)], random)
        const limit = random.pick([WIRE_LIMITS.requestBytes, WIRE_LIMITS.messageBytes] as const)
        const sizes = [1, 1 + random.below(50), Math.max(1, stream.length)]
        // refused or not, it must not matter in which pieces the bytes arrive
        return {
          input: `${limit} ${toHex(stream)}`,
          outcomes: sizes.map((size) => outcomeOf(() => messagesOf(stream, size, limit), wire)),
        }
      },
    },
  ]
}

/** Whatever the reader accepts, the writer can write, and what it writes is read as the same value. */
function decodeAndEncode(input: Uint8Array): unknown {
  const prefix = input.length < 4 ? -1 : new DataView(input.buffer, input.byteOffset).getUint32(0)
  const message = MESSAGES_BY_PREFIX.get(prefix)
  if (message === undefined) return 'no such message'
  const written = message.encode(message.decode(input))
  const again = message.encode(message.decode(written))
  if (toHex(again) !== toHex(written))
    throw new Error(`${message.name} is written differently the second time: ${toHex(written)}`)
  return written
}
