/**
 * The canonical codec, the records of peers and the files of keys by inputs that know their structure: real encodings whose lengths,
 * counts, prefixes and nested messages are changed, so that most inputs get behind the first check.
 */
import { CodecError, MESSAGES, MESSAGES_BY_PREFIX, type Message } from '../../core/codec/index.ts'
import { fromProtobuf, hasProtobuf, toProtobuf } from '../../core/codec/protobuf.ts'
import { validate } from '../../core/codec/validation.ts'
import {
  IdentityError,
  parseSealedFile,
  readAlert,
  readKeyRegistry,
  readPeerInfo,
  verifyNoisePayload,
} from '../../core/identity/index.ts'
import { readCertificate } from '../../server-node/keys/certificate.ts'
import { ConfigFile } from '../../server-node/keys/config-file.ts'
import { KeyStoreError } from '../../server-node/keys/errors.ts'
import { KeyFile } from '../../server-node/keys/key-file.ts'
import { readVector, vectorBytes } from './corpus.ts'
import { inputBytes, inputText, join } from './mutate.ts'
import type { Random } from './random.ts'
import { outcomeOf, type Target, toHex } from './target.ts'

/** Values that lengths and counts stumble over. */
const STRANGE_LENGTHS = [
  0, 1, 3, 4, 32, 57, 58, 73, 74, 75, 114, 516, 585, 590, 0x7fffffff, 0x80000000, 0xffffffff,
] as const
const MOST_INPUT = 1 << 16

/** A decoded value has fewer parts than its input has bytes, or the decoder made something of nothing (CAN-10). */
const PARTS_TO_SPARE = 64

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Offsets where a u32 stands that could be a length or a count, or a type prefix. */
function fieldsOf(bytes: Uint8Array): { readonly lengths: readonly number[]; readonly prefixes: readonly number[] } {
  const view = viewOf(bytes)
  const [lengths, prefixes]: [number[], number[]] = [[], []]
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const value = view.getUint32(at)
    if (MESSAGES_BY_PREFIX.has(value)) prefixes.push(at)
    if (value <= bytes.length - at - 4) lengths.push(at)
  }
  return { lengths, prefixes }
}

function setU32(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  viewOf(copy).setUint32(at, value >>> 0)
  return copy
}

/** One change that a reader of structure could miss. */
function changeStructure(bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const { lengths, prefixes } = fieldsOf(bytes)
  const at = random.pick(lengths)
  const prefix = random.pick(prefixes)
  if (at === undefined) return bytes
  const length = viewOf(bytes).getUint32(at)
  const [before, content, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at + 4, at + 4 + length),
    bytes.subarray(at + 4 + length),
  ]
  const withContent = (next: Uint8Array): Uint8Array => {
    const head = setU32(new Uint8Array(4), 0, next.length)
    return join(before, head, next, after)
  }
  switch (random.below(8)) {
    case 0: // a length or count beside the right one, or far from it
      return setU32(bytes, at, random.below(2) === 0 ? length + random.below(3) - 1 : random.pick(STRANGE_LENGTHS))
    case 1: // content longer or shorter, its length right
      return withContent(
        random.below(2) === 0 ? join(content, random.bytes(1 + random.below(8))) : content.subarray(0, -1),
      )
    case 2: // another message nested
      return withContent(random.pick(seeds) ?? content)
    case 3:
      return withContent(new Uint8Array())
    case 4: // another type prefix
      if (prefix === undefined) return bytes
      return setU32(bytes, prefix, random.pick([...MESSAGES_BY_PREFIX.keys()]) ?? 0)
    case 5: // content twice: lists grow, later fields move
      return join(bytes.subarray(0, at + 4 + length), bytes.subarray(at))
    case 6: // the message inside itself
      return withContent(bytes)
    default:
      return inputBytes([bytes], random)
  }
}

function structured(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = random.pick(seeds) ?? new Uint8Array()
  for (let changes = random.below(4); changes > 0; changes--) {
    const changed = changeStructure(bytes, seeds, random)
    if (changed.length <= MOST_INPUT) bytes = changed
  }
  return bytes
}

const context = { verifyEd448: () => true, isMultiaddr: () => true }

/** Accepted bytes are written, read and written the same; rules answer a sentence or null; the value is no larger than its input. */
function throughCodec(message: Message<unknown>, input: Uint8Array): unknown {
  const value = message.decode(input)
  const parts = countParts(value)
  if (parts > input.length + PARTS_TO_SPARE) throw new Error(`${parts} parts from ${input.length} bytes`)
  const fault = validate(message.name, value, context)
  const written = message.encode(value)
  const again = message.encode(message.fromJson(message.toJson(message.decode(written))))
  if (toHex(again) !== toHex(written)) throw new Error(`${message.name} is written differently the second time`)
  return fault === null ? 'valid' : 'not valid'
}

/** The same for the protobuf form, of messages that have one. */
function throughProtobuf(message: Message<unknown>, input: Uint8Array): unknown {
  const canonical = message.encode(fromProtobuf(message, input))
  const again = message.encode(fromProtobuf(message, toProtobuf(message, message.decode(canonical))))
  if (toHex(again) !== toHex(canonical)) throw new Error(`${message.name} is another one after the protobuf form`)
  return canonical.length
}

/** Protobuf of the encodings that have one. */
function protobufSeeds(
  canonical: readonly Uint8Array[],
): { readonly message: Message<unknown>; readonly bytes: Uint8Array }[] {
  return canonical.flatMap((bytes) => {
    const message = MESSAGES_BY_PREFIX.get(viewOf(bytes).getUint32(0))
    if (message === undefined || !hasProtobuf(message)) return []
    try {
      return [{ message, bytes: toProtobuf(message, message.decode(bytes)) }]
    } catch {
      return [] // a negative case, or a request kind without protobuf form
    }
  })
}

function countParts(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1
  const members = value instanceof Map ? [...value.values()] : Object.values(value)
  return members.reduce<number>((sum, member) => sum + countParts(member), 1)
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof CodecError || error instanceof IdentityError || error instanceof KeyStoreError
    ? error.code
    : undefined

export function codecTargets(): Target[] {
  const canonical = vectorBytes('canonical').filter(
    (bytes) =>
      bytes.length >= 4 && bytes.length <= MOST_INPUT / 4 && MESSAGES_BY_PREFIX.has(viewOf(bytes).getUint32(0)),
  )
  const records = vectorBytes('p2p')
  const texts = (path: string, member: string): string[] =>
    (readVector(path) as { cases: Record<string, unknown>[] }).cases.map((fields) => String(fields[member] ?? ''))
  const engine = { ed448Verify: () => true, blsVerify: () => true, poseidonHashBytes: () => new Uint8Array(32) }
  const fromBytes = (
    name: string,
    weight: number,
    seeds: readonly Uint8Array[],
    call: (input: Uint8Array, random: Random) => unknown,
  ): Target => ({
    name,
    weight,
    run(random) {
      const input = structured(seeds, random)
      return { input: toHex(input), outcomes: [outcomeOf(() => call(input, random), codeOf)] }
    },
  })
  const fromText = (
    name: string,
    weight: number,
    seeds: readonly string[],
    call: (input: string) => unknown,
  ): Target => ({
    name,
    weight,
    run(random) {
      const input = inputText(seeds, random)
      return { input: toHex(new TextEncoder().encode(input)), outcomes: [outcomeOf(() => call(input), codeOf)] }
    },
  })
  const tables = [...MESSAGES.values()]
  const protobufs = protobufSeeds(canonical)
  const protobufBytes = protobufs.map(({ bytes }) => bytes)
  const keyFiles = [...texts('p2p/key_file.json', 'keys_yml'), ...texts('p2p/key_file_edge.json', 'keys_yml')]
  const sealed = JSON.stringify({
    format: 'petal-keys',
    version: 1,
    kdf: { name: 'scrypt', log2N: 17, p: 1, salt: '00'.repeat(32) },
    check: { nonce: '00'.repeat(24), box: '00'.repeat(16) },
    seal: { nonce: '00'.repeat(24), box: '00'.repeat(16) },
    keys: [{ id: 'a', type: 0, publicKey: '00', nonce: '00'.repeat(24), box: '00'.repeat(17) }],
  })
  return [
    fromBytes('message by prefix', 60, canonical, (input) => {
      const message = input.length < 4 ? undefined : MESSAGES_BY_PREFIX.get(viewOf(input).getUint32(0))
      return message === undefined ? 'no such message' : throughCodec(message, input)
    }),
    fromBytes('any message', 10, canonical, (input, random) => {
      const message = random.pick(tables)
      if (message === undefined) return 'no message'
      return throughCodec(message, input.length < 4 ? input : setU32(input, 0, message.prefix))
    }),
    {
      name: 'protobuf',
      weight: 20,
      run(random) {
        const seed = random.pick(protobufs)
        const input = inputBytes(random.below(4) === 0 ? protobufBytes : seed ? [seed.bytes] : [], random)
        const outcome = outcomeOf(() => (seed ? throughProtobuf(seed.message, input) : 'no seed'), codeOf)
        return { input: toHex(input), outcomes: [outcome] }
      },
    },
    fromBytes('records of peers', 15, records, (input) => [
      readPeerInfo(input, engine).valid,
      readKeyRegistry(input, engine).valid,
      readAlert(input, new Uint8Array(57), engine).valid,
      verifyNoisePayload(input, new Uint8Array(32), engine) !== null,
    ]),
    fromBytes(
      'certificates',
      5,
      records.filter((bytes) => bytes[0] === 0x30),
      (input) => readCertificate(input) !== null,
    ),
    fromText('keys.yml', 1, keyFiles, (input) => KeyFile.parse(input).ids.length),
    fromText(
      'config.yml',
      4,
      ['key:\n  keyManagerFile:\n    encryptionKey: "00"\np2p: {peerPrivKey: "00"}\n'],
      (input) => ConfigFile.parse(input).provingKeyId(),
    ),
    fromText('sealed keys', 5, [sealed], (input) => parseSealedFile(input).keys.length),
  ]
}
