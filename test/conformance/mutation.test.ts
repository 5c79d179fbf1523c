/** The runners themselves: changing any documented field of a passing case must make it fail. Needs the built addon. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadNativeEngine } from '../engines/native.ts'
import { Checks } from './checks.ts'
import { Fields } from './fields.ts'
import type { VectorFile } from './runner.ts'
import { runnersOf } from './table.ts'

type Path = readonly (string | number)[]
type Document = { cases: unknown[] }

/** File, index of a positive case, and the fields that decide nothing there. */
const SUBJECTS: readonly [path: string, index: number, free: readonly string[]][] = [
  ['bls48581/aggregate.json', 1, []],
  ['bls48581/encodings.json', 0, ['decodes']],
  ['bls48581/hash_to_curve.json', 3, ['valid']],
  ['bls48581/keygen.json', 0, ['valid']],
  ['bls48581/scalars.json', 0, ['valid']],
  // `valid` is the lax reference's verdict beside `strict_valid`.
  ['bls48581/sign_verify.json', 1, ['valid']],
  ['canonical/global_frames.json', 0, []],
  ['canonical/keys.json', 0, []],
  ['canonical/token.json', 0, []],
  ['consensus/encodings.json', 0, []],
  ['consensus/header_vdf.json', 0, ['header.rank']],
  ['consensus/join_proof.json', 0, []],
  ['consensus/messages.json', 6, []],
  ['difficulty/asert.json', 700, ['anchor_frame', 'frame', 'anchor_parent_time_ms', 'time_ms', 'anchor_difficulty']],
  ['ed448/decaf448.json', 3, []],
  ['ed448/decaf448.json', 5, []],
  ['ed448/decaf448.json', 7, []],
  ['ed448/decaf448.json', 12, []],
  ['ed448/ed448_edge.json', 43, []],
  ['ed448/ed448_sign.json', 1, []],
  ['ed448/other_signatures.json', 0, []],
  ['ed448/x448_edwards_keys.json', 0, []],
  ['frames/app_chain.json', 13, []],
  ['frames/global_chain.json', 13, []],
  ['frames/global_fields.json', 0, ['valid']],
  ['p2p/bitmask.json', 3, []],
  ['p2p/bitmask_collisions.json', 3, []],
  ['p2p/bitmask_slices.json', 3, []],
  ['p2p/blossomsub_control.json', 0, []],
  ['p2p/blossomsub_control.json', 3, []],
  ['p2p/blossomsub_control.json', 4, []],
  ['p2p/blossomsub_message.json', 0, []],
  ['p2p/dht_namespace.json', 2, []],
  ['p2p/global_alert.json', 0, []],
  ['p2p/key_file.json', 0, []],
  ['p2p/key_registry.json', 0, []],
  // Its last digit is of the time, which decides nothing there.
  ['p2p/key_registry_keys.json', 0, ['canonical']],
  ['p2p/noise_payload.json', 0, []],
  ['p2p/peer_id.json', 0, []],
  ['p2p/peer_id_edge.json', 1, ['valid', 'legacy_valid']],
  ['p2p/peer_info.json', 0, []],
  ['p2p/peer_info.json', 4, []],
  ['p2p/peer_info.json', 12, []],
  // It must be refused, whatever its last byte is.
  ['p2p/peer_info_edge.json', 0, ['canonical']],
  ['p2p/peer_info_edge.json', 34, []],
  // It has more signatures than it needs.
  ['p2p/release_check.json', 2, ['quorum']],
  // One more signatory needs no other quorum.
  ['p2p/release_check.json', 4, ['total']],
  ['p2p/send_authentication.json', 0, []],
  // The last digit of a certificate is of its self-signature, which is not checked.
  ['p2p/tls_cert.json', 0, ['certificate_der']],
  ['p2p/tls_cert_edge.json', 0, ['certificate_der']],
  ['p2p/worker_identity.json', 0, []],
  ['poseidon/hash_bytes.json', 5, []],
  ['poseidon/hash_elements.json', 3, []],
  ['vdf/discriminant.json', 10, ['valid']],
  ['vdf/forms.json', 0, ['valid']],
  ['vdf/multi.json', 2, []],
  ['vdf/solve.json', 9, []],
]

const vectors = fileURLToPath(new URL('../vectors/', import.meta.url))
const read = (path: string): Document => JSON.parse(readFileSync(vectors + path, 'utf8'))

const open = (document: Document): VectorFile => ({
  document: new Fields(document, ''),
  cases: document.cases.map((item, index) => new Fields(item, `cases[${index}]`)),
  sibling: (path) => open(read(path)),
  binary: (path) => Uint8Array.from(readFileSync(vectors + path)),
})

/** Whether the runner passes that case of the document. */
function passes(path: string, document: Document, index: number): boolean {
  const runner = runnersOf(path)[0]
  const file = open(document)
  const fields = file.cases[index]
  if (runner === undefined || fields === undefined) throw new Error(`no case ${index} of ${path}`)
  const check = new Checks()
  try {
    const run = runner.backing === 'core' ? runner.open(file) : runner.open(file, loadNativeEngine())
    run(fields, check, index)
  } catch {
    return false
  }
  return check.count > 0 && check.problems.length === 0
}

/** Leaves of a case; of a list the first and the last element. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? [...new Set([0, value.length - 1])].filter((key) => key >= 0) : Object.keys(value)
  return keys.flatMap((key) => leaves((value as Record<string | number, unknown>)[key], [...path, key]))
}

function changed(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1
  if (typeof value !== 'string') return '00'
  if (/^[0-9]{1,19}$/.test(value)) return String(BigInt(value) + 1n)
  return value === '' ? '01' : value.slice(0, -1) + (value.endsWith('0') ? '1' : '0')
}

function mutate(document: Document, index: number, path: Path): Document {
  const copy = structuredClone(document)
  const holder = path.slice(0, -1).reduce((at, key) => (at as Record<string | number, unknown>)[key], copy.cases[index])
  const last = path.at(-1) ?? ''
  const target = holder as Record<string | number, unknown>
  target[last] = changed(target[last])
  return copy
}

test('a case of wrong values passes only where a value is wrong, and an abort is not one', () => {
  const wrong = new Fields({ valid: false }, '')
  const problemsOf = (run: (check: Checks) => void) => {
    const check = new Checks()
    check.values(wrong, run)
    return check.problems.map(({ field }) => field)
  }
  expect(problemsOf((check) => check.equal('value', 1, 2))).toEqual([])
  expect(problemsOf((check) => check.equal('value', 1, 1))).toEqual(['valid'])
  const aborts = () => {
    throw new TypeError('a fault')
  }
  expect(problemsOf((check) => check.gives('value', 1, aborts))).toEqual(['valid'])
})

describe('every field of a vector is checked', { timeout: 120_000 }, () => {
  test.each(SUBJECTS)('%s case %i', (path, index, free) => {
    const document = read(path)
    expect(passes(path, document, index)).toBe(true)
    const unnoticed = leaves(document.cases[index])
      .filter((leaf) => leaf[0] !== 'name' && !free.includes(leaf.join('.')))
      .filter((leaf) => passes(path, mutate(document, index, leaf), index))
      .map((leaf) => leaf.join('.'))
    expect(unnoticed).toEqual([])
  })
})
