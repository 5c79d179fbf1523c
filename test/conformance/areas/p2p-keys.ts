import { parseDocument } from 'yaml'
import { certificateParts } from '../../../core/identity/certificate.ts'
import { identityOfSeed } from '../../../core/identity/index.ts'
import type { FullEngine } from '../../../core/platform/engine.ts'
import { makeCertificate, readCertificate, verifyPeerCertificate } from '../../../server-node/keys/certificate.ts'
import { type FileEntry, KeyFile } from '../../../server-node/keys/key-file.ts'
import type { Checks } from '../checks.ts'
import { type Fields, toHex } from '../fields.ts'
import { eachCase } from '../runner.ts'

const open = (engine: FullEngine, fields: Fields): readonly FileEntry[] =>
  KeyFile.parse(fields.text('keys_yml')).open(fields.bytes('encryption_key'), engine)

/** `p2p/key_file.json`: every entry, or none, opens; ids, types, IVs and both halves (spec 53 section 4, OPS-03). */
export const keyFile = eachCase((engine, fields, check) => {
  const entries = open(engine, fields)
  check.equal('has entries', true, entries.length > 0)
  if (!fields.requiredVerdict()) {
    for (const entry of entries) check.equal(entry.id, 'authentication', entry.usable ? 'usable' : entry.reason)
    return
  }
  const keys = fields.children('keys')
  check.equal('ids', keys.map((key) => key.text('id')).sort(), entries.map((entry) => entry.id).sort())
  for (const key of keys) checkKey(engine, fields, key, entries, check)
})

function checkKey(engine: FullEngine, fields: Fields, key: Fields, entries: readonly FileEntry[], check: Checks): void {
  const id = key.text('id')
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry?.usable !== true) {
    check.equal(id, 'usable', entry?.reason ?? 'no such entry')
    return
  }
  check.equal(`${id} type`, key.integer('type'), BigInt(entry.type))
  check.equal(`${id} private_key`, key.hex('private_key'), entry.privateKey)
  check.equal(`${id} public_key`, key.hex('public_key'), entry.publicKey)
  const written = KeyFile.parse('')
  written.add(entry, fields.bytes('encryption_key'), key.bytes('iv'), engine)
  check.equal(`${id} written with its iv`, sealed(fields.text('keys_yml'), id), sealed(written.toString(), id))
}

/** The ciphertext of an entry as the text of a file has it, whatever the style of its YAML. */
const sealed = (text: string, id: string): string => {
  const value: unknown = parseDocument(text, { schema: 'failsafe' }).getIn([id, 'privateKey'])
  return typeof value === 'string' ? value : 'no such entry'
}

/** `p2p/key_file_edge.json`: exactly `bad_entries` are refused (spec 53 section 4, OPS-04, hazards OPS-H3, OPS-H4). */
export const keyFileEdge = eachCase((engine, fields, check) => {
  const refused = open(engine, fields).filter((entry) => !entry.usable)
  const bad = fields.has('bad_entries') ? (fields.list('bad_entries') as string[]) : []
  check.equal('bad_entries', [...bad].sort(), refused.map((entry) => entry.id).sort())
  check.equal('no entry refused', fields.requiredVerdict(), refused.length === 0)
})

/** `p2p/tls_cert.json`: derivation and verdicts; a certificate of our own is accepted too (spec 51 section 1, RPC-01). */
export const tlsCertificate = eachCase((engine, fields, check) => {
  const der = fields.bytes('certificate_der')
  if (fields.has('dns_name'))
    check.gives('dns_name', [[fields.text('dns_name')]], () => readCertificate(der)?.subjectAltNames ?? 'refused')
  check.gives('valid', fields.requiredVerdict(), () => verifyPeerCertificate(der, engine).valid)
  if (!fields.requiredVerdict()) return
  check.gives('peer_id', fields.hex('peer_id'), () => peerIdOf(der, engine))
  const identity = identityOfSeed(fields.bytes('seed'), engine)
  const parts = certificateParts(identity, engine)
  check.equal('ed448_public', fields.hex('ed448_public'), identity.publicKey)
  check.equal('ed25519_seed', fields.hex('ed25519_seed'), parts.seed)
  check.equal('ed25519_public', fields.hex('ed25519_public'), parts.publicKey)
  check.equal('cross_sign_message', fields.hex('cross_sign_message'), parts.crossSignMessage)
  check.equal('dns_name made', fields.text('dns_name'), parts.dnsName)
  const dates = { notBefore: new Date(0), notAfter: new Date(1e12), serial: Uint8Array.of(1) }
  check.gives('own certificate', fields.hex('peer_id'), () =>
    peerIdOf(makeCertificate(identity, engine, dates).der, engine),
  )
})

/** `p2p/tls_cert_edge.json`: one property changed (RPC-01). */
export const tlsCertificateEdge = eachCase((engine, fields, check) => {
  const der = fields.bytes('certificate_der')
  const expected = fields.requiredVerdict() ? fields.hex('peer_id') : 'refused'
  check.gives('peer_id', expected, () => peerIdOf(der, engine))
})

function peerIdOf(der: Uint8Array, engine: FullEngine): string {
  const verdict = verifyPeerCertificate(der, engine)
  return verdict.valid ? toHex(verdict.peerId) : 'refused'
}
