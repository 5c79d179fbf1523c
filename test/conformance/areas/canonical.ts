import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, Malformed, toHex } from '../fields.ts'
import { appHeaderProtobuf, compareHeader, globalHeaderProtobuf, type HeaderFacts } from '../headers.ts'
import type { RustRunner, VectorFile } from '../runner.ts'

/** Reads and writes one canonical message type. */
interface Codec {
  /** Protobuf bytes of the listed fields. */
  protobuf(fields: Fields): Uint8Array
  read(engine: FullEngine, bytes: Uint8Array): HeaderFacts
  encode(engine: FullEngine, bytes: Uint8Array, form: 'canonical' | 'protobuf'): Uint8Array
}

/** Types of canonical messages that the engines read so far, by the name in the files. */
const codecs: Readonly<Record<string, Codec>> = {
  GlobalFrameHeader: {
    protobuf: globalHeaderProtobuf,
    read: (engine, bytes) => JSON.parse(engine.globalHeaderFacts(bytes)) as HeaderFacts,
    encode: (engine, bytes, form) => engine.globalHeaderEncode(bytes, form),
  },
  FrameHeader: {
    protobuf: appHeaderProtobuf,
    read: (engine, bytes) => JSON.parse(engine.appHeaderFacts(bytes)) as HeaderFacts,
    encode: (engine, bytes, form) => engine.appHeaderEncode(bytes, form),
  },
}

/** Surplus bytes after a message are ignored (spec 40 section 1). */
export const SURPLUS = Uint8Array.from([0xde, 0xad])
/** Cuts tried of one message: all of them, or this many spread evenly with the last ones. */
export const MOST_CUTS = 1500

/** The two frame headers of `canonical/global_frames.json`, as the engines read them (spec 40 sections 1 and 3.3, CAN-03). */
export const frameHeaders: RustRunner = {
  backing: 'rust',
  unhandled: (fields) => {
    const type = fields.optionalText('type')
    return Object.hasOwn(codecs, type) ? null : `type ${type || 'missing'}`
  },
  open: (file, engine) => (fields, check) => {
    const codec = codecs[fields.text('type')]
    if (codec === undefined) throw new Malformed(`no codec for ${fields.text('type')}`)
    if (fields.has('fields')) checkEncoding(engine, codec, fields, check)
    else if (fields.has('informative')) checkStrictness(engine, codec, originOf(file, fields), check)
    else checkMutation(engine, codec, originOf(file, fields), fields, check)
  },
}

/** `canonical` of the case named `of`. */
export function originOf(file: VectorFile, fields: Fields): Uint8Array {
  const name = fields.text('of')
  const origin = file.cases.find((candidate) => candidate.optionalText('name') === name)
  if (origin === undefined) throw new Malformed(`no case is named ${JSON.stringify(name)}`)
  return origin.bytes('canonical')
}

function checkEncoding(engine: FullEngine, codec: Codec, fields: Fields, check: Checks): void {
  const canonical = fields.bytes('canonical')
  const listed = fields.child('fields')
  if (fields.has('valid')) checkVerdict(engine, codec, canonical, fields, check)
  check.equal('length', fields.integer('length'), canonical.length)
  check.equal('type_prefix', fields.hex('type_prefix'), canonical.subarray(0, 4))
  check.gives('sha3_256', fields.hex('sha3_256'), () => engine.sha3_256(canonical))
  const protobuf = codec.protobuf(listed)
  check.gives('encode(fields)', toHex(canonical), () => codec.encode(engine, protobuf, 'canonical'))
  compareHeader(listed, codec.read(engine, canonical), check)
  check.gives('encode(decode)', toHex(canonical), () => codec.encode(engine, canonical, 'canonical'))
  check.gives('protobuf of decode', toHex(protobuf), () => codec.encode(engine, canonical, 'protobuf'))
  checkSurplus(engine, codec, canonical, check)
}

function checkSurplus(engine: FullEngine, codec: Codec, canonical: Uint8Array, check: Checks): void {
  const plain = codec.read(engine, canonical)
  check.gives('read with surplus bytes', plain, () => codec.read(engine, concat(canonical, SURPLUS)))
}

/** What is to be checked where the file counts the lenience of an older decoder: this one has none. */
function checkStrictness(engine: FullEngine, codec: Codec, canonical: Uint8Array, check: Checks): void {
  checkSurplus(engine, codec, canonical, check)
  const stride = Math.max(1, Math.floor(canonical.length / MOST_CUTS))
  for (let length = canonical.length - 1; length >= 0; length -= length > canonical.length - 100 ? 1 : stride)
    check.refuses(`cut to ${length} bytes`, () => codec.read(engine, canonical.subarray(0, length)))
}

/** One mutation: XOR a mask at an offset, or keep the first bytes. */
export function mutate(canonical: Uint8Array, fields: Fields): Uint8Array {
  if (fields.has('truncate')) return canonical.slice(0, fields.u32('truncate'))
  const xor = fields.child('xor')
  const offset = xor.u32('offset')
  const mask = xor.bytes('mask')
  if (offset + mask.length > canonical.length) throw new Malformed('xor reaches beyond the message')
  return canonical.map((byte, index) => byte ^ (mask[index - offset] ?? 0))
}

function checkMutation(engine: FullEngine, codec: Codec, origin: Uint8Array, fields: Fields, check: Checks): void {
  checkVerdict(engine, codec, mutate(origin, fields), fields, check)
}

function checkVerdict(engine: FullEngine, codec: Codec, bytes: Uint8Array, fields: Fields, check: Checks): void {
  if (fields.requiredVerdict()) check.gives('accepted', true, () => codec.read(engine, bytes) !== null)
  else check.refuses('refused', () => codec.read(engine, bytes))
}
