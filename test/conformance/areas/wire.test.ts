/** The runners of the codec, of signatures and of key files follow rules: cases of the same form that no file has yet. */
import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { consensus } from '../../../core/codec/index.ts'
import { Malformed, toHex } from '../fields.ts'
import { casesOf, problemsOf } from '../one-case.ts'

const certificate = { filter: '', rank: '7', frame_number: '9', selector: '11'.repeat(32), timestamp: '0' }

test('CAN-01 an encoding whose verdict says that it must be refused is a failure', () => {
  const [good] = casesOf('canonical/keys')
  expect(problemsOf('canonical/keys', { ...good })).toEqual([])
  expect(problemsOf('canonical/keys', { ...good, valid: false })).toHaveLength(1)
  expect(problemsOf('canonical/keys', { ...good, strict_valid: false })).toHaveLength(1)
})

test('parts are repeated as often as they say, within 64 MiB, and what is no such list is malformed', () => {
  const item = (...parts: readonly unknown[]) => ({ type: 'Path', parts, valid: true })
  expect(problemsOf('canonical/limits', item(['00000314', 1], ['', 1e15], ['00', 4]))).toEqual([])
  expect(problemsOf('canonical/limits', item(['00000314', 1], ['00', 3]))).toHaveLength(1)
  for (const part of [['00', -1], ['00', 2 ** 27], ['00', 1.5], ['00'], ['zz', 1], '00', null])
    expect(() => problemsOf('canonical/limits', item(part))).toThrow(Malformed)
})

test('an aggregate that is wholly empty is written as absent', () => {
  const value = { ...certificate, aggregate_signature: { signature: '', public_key: '', bitmask: '' } }
  const canonical = consensus.QuorumCertificate.encode({
    filter: new Uint8Array(),
    rank: 7n,
    frame_number: 9n,
    selector: new Uint8Array(32).fill(0x11),
    timestamp: 0n,
    aggregate_signature: null,
  })
  const item = { type: 'QuorumCertificate', name: 'empty aggregate', value, canonical: toHex(canonical) }
  expect(problemsOf('consensus/encodings', item)).toEqual([])
  expect(problemsOf('consensus/encodings', { ...item, canonical: `${item.canonical}00` })).not.toEqual([])
})

test('a signature that must be refused may tell the secret it was made with', () => {
  const cases = { 'ed448/ed448_sign': ['seed'], 'ed448/other_signatures': ['seed', 'secret_key'] }
  for (const [path, names] of Object.entries(cases))
    for (const name of names) {
      const right = casesOf(path).find((item) => item.valid === true && item[name] !== undefined)
      const wrong = { ...right, message: `${right?.message}00`, valid: false }
      expect(problemsOf(path, wrong)).toEqual([])
      expect(problemsOf(path, { ...wrong, valid: true })).not.toEqual([])
    }
})

test('OPS-03 a key file may have any style of YAML', () => {
  const [good] = casesOf('p2p/key_file')
  const document = parseDocument(good?.keys_yml as string, { schema: 'failsafe' })
  const flow = JSON.stringify(document.toJS())
  expect(problemsOf('p2p/key_file', { ...good, keys_yml: flow })).toEqual([])
  const changed = flow.replace(/("privateKey":"[0-9a-f]+)[0-9a-f]"/, (_, start: string) => `${start}x"`)
  expect(problemsOf('p2p/key_file', { ...good, keys_yml: changed })).not.toEqual([])
})

test('a certificate that must be refused need not tell its name', () => {
  const wrong = casesOf('p2p/tls_cert').find((item) => item.valid === false)
  const { dns_name: _, ...short } = { ...wrong, dns_name: '' }
  expect(problemsOf('p2p/tls_cert', short)).toEqual([])
})
