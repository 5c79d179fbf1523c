/** The recorded chain (frames/global_chain.json) as a network that needs no network: peers that serve it, well or badly. For tests only. */
import { chainAnchors, type GlobalChain } from '@petal/core/crypto/compliance.ts'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { createLightPeer, type LightStream } from '@petal/core/light/light-peer.ts'
import {
  decodeRequest,
  encodeResponse,
  type LightRequest,
  type LightResponse,
  readFrames,
} from '@petal/core/light/wire.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
// biome-ignore lint/style/noRestrictedImports: recorded frames for tests, which are in no build
import recorded from '../../../test/vectors/frames/global_chain.json' with { type: 'json' }

export const chain = recorded as unknown as GlobalChain
export const frames = chain.cases.slice(1)

export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
export const headers: ReadonlyMap<bigint, Uint8Array> = new Map(
  frames.map(({ header, header_pb }) => [BigInt(header.frame_number), fromHex(header_pb)]),
)
export const FIRST = BigInt(frames[0]?.header.frame_number ?? 0)
export const LAST = BigInt(frames.at(-1)?.header.frame_number ?? 0)
export const belowQuorum = frames
  .filter((frame) => frame.checks?.quorum === false)
  .map(({ header }) => BigInt(header.frame_number))

export function description(addresses: readonly string[] = ['/memory/a']): NetworkDescription {
  const { committee, rules } = chainAnchors(chain)
  return {
    format: 1,
    network: 'recorded',
    profile: '2.1.0.24',
    addresses,
    frameIntervalMillis: 10_000,
    anchors: {
      committee,
      rules,
      checkpoint: {
        number: rules.genesisNumber,
        identity: rules.genesisIdentity,
        rank: '0',
        timestamp: '1744726759481',
        difficulty: 160_000,
      },
      issuedAt: Date.now() - 86_400_000,
    },
  }
}

export type Answer = (request: LightRequest) => LightResponse | Uint8Array | 'silence'

/** Answers as an honest server does. */
export function serve(served: ReadonlyMap<bigint, Uint8Array> = headers): Answer {
  return (request) => {
    const newest = [...served.keys()].toSorted((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n
    switch (request.kind) {
      case 'hello':
        return {
          kind: 'hello',
          hello: { network: 'recorded', profile: '2.1.0.24', head: newest, oldest: FIRST, maxHeaders: 32 },
        }
      case 'head':
      case 'subscribe':
        return { kind: 'head', header: served.get(newest) ?? new Uint8Array(1) }
      case 'headers': {
        const wanted = Array.from({ length: request.count }, (_, i) => served.get(request.from + BigInt(i)))
        const found = wanted.filter((header) => header !== undefined)
        return found.length > 0
          ? { kind: 'headers', headers: found }
          : { kind: 'error', code: 'notFound', message: 'not here' }
      }
      default:
        return { kind: 'error', code: 'notFound', message: 'a recording has no state' }
    }
  }
}

/** A peer over byte streams in memory; `chunkBytes` is the size of the pieces in which its answers arrive. */
export function peer(address: string, answer: Answer, chunkBytes = 1 << 16): LightPeer {
  return createLightPeer({
    id: `peer at ${address}`,
    address,
    transport: 'memory',
    network: 'recorded',
    profile: '2.1.0.24',
    openStream: async () => stream(answer, chunkBytes),
    close: async () => {},
  })
}

function stream(answer: Answer, chunkBytes: number): LightStream {
  const up = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 16 }, { highWaterMark: 16 })
  const down = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 16 }, { highWaterMark: 16 })
  const requests = up.writable.getWriter()
  const answers = down.writable.getWriter()
  const work = async () => {
    for await (const message of readFrames(chunks(up.readable), 1024)) {
      const response = answer(decodeRequest(message))
      if (response === 'silence') continue
      const bytes = response instanceof Uint8Array ? response : encodeResponse(response)
      for (let at = 0; at < bytes.length; at += chunkBytes) await answers.write(bytes.subarray(at, at + chunkBytes))
    }
  }
  work().catch(() => {})
  return {
    source: chunks(down.readable),
    write: (bytes) => requests.write(bytes),
    close: () => {
      requests.abort().catch(() => {})
      answers.abort().catch(() => {})
    },
  }
}

async function* chunks(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}
