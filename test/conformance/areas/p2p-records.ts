import { keys, node } from '../../../core/codec/index.ts'
import type { Json } from '../../../core/codec/json.ts'
import {
  authenticateSend,
  CAPABILITIES,
  checkRelease,
  hasCapability,
  identityOfSeed,
  peerInfoIsSigned,
  peerInfoSigningBytes,
  readAlert,
  readKeyRegistry,
  readPeerInfo,
  releaseQuorum,
  signKeyRegistry,
  signPeerInfo,
  verifySend,
} from '../../../core/identity/index.ts'
import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, parseHex, toHex, utf8 } from '../fields.ts'
import { eachCase } from '../runner.ts'

/** The content of a case with the numbers that a decoder reads back. */
function contentOf(fields: Fields): Json {
  return {
    ...writtenOf(fields),
    last_received_frame: fields.text('decoded_last_received_frame'),
    last_global_head_frame: fields.text('decoded_last_global_head_frame'),
  }
}

/** The content of a case as it was written. */
const writtenOf = (fields: Fields): Readonly<Record<string, Json>> => ({
  ...(fields.raw('fields') as Readonly<Record<string, Json>>),
  public_key: fields.hex('public_key'),
  signature: fields.optionalText('signature'),
})

/** Decodes, and the signature verifies, whatever peer id the record claims. */
function isSigned(canonical: Uint8Array, engine: FullEngine): boolean {
  const verdict = readPeerInfo(canonical, engine)
  return verdict.valid || (verdict.reason === 'peer id' && peerInfoIsSigned(node.PeerInfo.decode(canonical), engine))
}

/** `p2p/peer_info.json`: signed bytes, signature, decoded values, verdict without the peer id (spec 51 section 2, RPC-04). */
export const peerInfo = eachCase((engine, fields, check) => {
  check.gives('valid', fields.requiredVerdict(), () => isSigned(fields.bytes('canonical'), engine))
  if (fields.has('fields'))
    check.gives('fields written', fields.hex('canonical'), () =>
      node.PeerInfo.encode(node.PeerInfo.fromJson(writtenOf(fields))),
    )
  checkContent(engine, fields, check)
})

/** `p2p/peer_info_edge.json`: the same where the peer id must belong to the key (RPC-05). */
export const peerInfoEdge = eachCase((engine, fields, check) => {
  check.gives('valid', fields.requiredVerdict(), () => readPeerInfo(fields.bytes('canonical'), engine).valid)
  for (const number of ['last_received_frame', 'last_global_head_frame'])
    check.equal(`fields.${number}`, fields.child('fields').text(number), fields.text(`decoded_${number}`))
  checkContent(engine, fields, check)
})

function checkContent(engine: FullEngine, fields: Fields, check: Checks): void {
  const canonical = fields.bytes('canonical')
  if (!fields.has('fields')) return
  const decoded = () => node.PeerInfo.decode(canonical)
  check.gives('signing_bytes', fields.hex('signing_bytes'), () => peerInfoSigningBytes(decoded()))
  const values = () => ({ ...(node.PeerInfo.toJson(decoded()) as Record<string, Json>), signature: '' })
  const expected = { ...(contentOf(fields) as Record<string, Json>), signature: '' }
  for (const name of Object.keys(values())) {
    const value = (of: Readonly<Record<string, Json>>): string => JSON.stringify(sorted(of[name] ?? null))
    check.gives(`decoded ${name}`, value(expected), () => value(values()))
  }
  if (fields.has('is_archive'))
    check.gives('is_archive', fields.boolean('is_archive'), () => hasCapability(decoded(), CAPABILITIES.archive))
  if (fields.has('seed')) checkSigning(engine, fields, check)
}

/** Lists and objects with members in order of name. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value as Readonly<Record<string, Json>>).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, item]) => [name, sorted(item)]))
}

/** Ours is the record without surplus: the numbers a decoder reads, so the case's own bytes. */
function checkSigning(engine: FullEngine, fields: Fields, check: Checks): void {
  const identity = identityOfSeed(fields.bytes('seed'), engine)
  const made = () => signPeerInfo(node.PeerInfo.fromJson(contentOf(fields)), identity, engine)
  check.gives('public_key', fields.hex('public_key'), () => identity.publicKey)
  check.gives('signature', fields.hex('signature'), () => made().signature)
  check.gives('canonical', fields.hex('canonical'), () => node.PeerInfo.encode(made()))
}

/** `p2p/key_registry.json`: cross signatures, and the registry made from its secrets (spec 51 section 3, RPC-06). */
export const keyRegistry = eachCase((engine, fields, check) => {
  const canonical = fields.bytes('canonical')
  check.gives('encode(decode)', toHex(canonical), () => keys.KeyRegistry.encode(keys.KeyRegistry.decode(canonical)))
  check.gives('valid', fields.requiredVerdict(), () => readKeyRegistry(canonical, engine).valid)
  if (!fields.has('identity_seed')) return
  const domain = fields.bytes('prover_to_identity_domain')
  check.equal(
    'identity_to_prover_message',
    fields.hex('identity_to_prover_message'),
    concat(domain, fields.bytes('prover_key')),
  )
  check.equal('prover_to_identity_message', fields.hex('prover_to_identity_message'), fields.hex('identity_key'))
  const identity = identityOfSeed(fields.bytes('identity_seed'), engine)
  const made = () =>
    signKeyRegistry(
      {
        identity,
        proverSecret: fields.bytes('prover_private_key'),
        subKeys: new Map(),
        lastUpdated: fields.integer('last_updated'),
      },
      engine,
    )
  check.gives('identity_key', fields.hex('identity_key'), () => identity.publicKey)
  check.gives('prover_key', fields.hex('prover_key'), () => made().prover_key?.key_value)
  check.gives('identity_to_prover', fields.hex('identity_to_prover'), () => made().identity_to_prover?.signature)
  check.gives('prover_to_identity', fields.hex('prover_to_identity'), () => made().prover_to_identity?.signature)
  check.gives('canonical', toHex(canonical), () => keys.KeyRegistry.encode(made()))
})

/** `p2p/key_registry_keys.json`: sub-keys and the two addresses (spec 40 section 3.1, RPC-06). */
export const keyRegistryKeys = eachCase((engine, fields, check) => {
  const verdict = () => readKeyRegistry(fields.bytes('canonical'), engine)
  check.gives('valid', fields.requiredVerdict(), () => verdict().valid)
  const registry = () => keys.KeyRegistry.decode(fields.bytes('canonical'))
  check.gives('identity_key', fields.hex('identity_key'), () => registry().identity_key?.key_value)
  check.gives('prover_key', fields.hex('prover_key'), () => registry().prover_key?.key_value)
  if (!fields.requiredVerdict()) return
  const bound = () => {
    const answer = verdict()
    if (!answer.valid) throw new Error(answer.text)
    return answer
  }
  check.gives('peer_id', fields.hex('peer_id'), () => bound().peerId)
  check.gives('prover_address', fields.hex('prover_address'), () => bound().proverAddress)
})

/** `p2p/send_authentication.json` (spec 51 section 5, RPC-08). */
export const sendAuthentication = eachCase((engine, fields, check) => {
  const [domain, payload] = [fields.bytes('domain'), fields.bytes('payload')]
  const [key, authentication] = [fields.bytes('node_public_key'), fields.bytes('authentication')]
  check.gives('valid', fields.requiredVerdict(), () => verifySend(key, domain, payload, authentication, engine))
  if (!fields.requiredVerdict() || !fields.has('seed')) return
  const identity = identityOfSeed(fields.bytes('seed'), engine)
  check.gives('node_public_key', toHex(key), () => identity.publicKey)
  check.gives('authentication', toHex(authentication), () => authenticateSend(identity, domain, payload, engine))
})

/** `p2p/global_alert.json` (spec 53 section 8, OPS-08). */
export const globalAlert = eachCase((engine, fields, check) => {
  const read = () => readAlert(fields.bytes('canonical'), fields.bytes('alert_public_key'), engine)
  check.gives('valid', fields.requiredVerdict(), () => read().valid)
  if (!fields.has('message')) return
  check.gives('message', fields.text('message'), () => {
    const alert = read()
    return alert.valid ? alert.message : alert.text
  })
})

/** `p2p/release_check.json`: digest and quorum of signatures (spec 53 section 9, OPS-07). */
export const release = eachCase((engine, fields, check) => {
  if (!fields.has('binary')) {
    check.values(fields, (each) =>
      each.gives('quorum', fields.integer('quorum'), () => BigInt(releaseQuorum(fields.u32('total')))),
    )
    return
  }
  const signatories = fields.bytesList('signatories')
  const signatures = fields
    .list('signatures')
    .map((item, index) => (item === null ? null : parseHex(item, `signatures[${index}]`)))
  check.gives('valid', fields.requiredVerdict(), () => {
    const [content, digestFile] = [fields.bytes('binary'), utf8(fields.text('dgst'))]
    return checkRelease({ content, digestFile, signatures, signatories, quorum: fields.u32('quorum') }, engine).valid
  })
})
