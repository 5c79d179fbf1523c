import { HANDLED_TYPES } from './areas/canonical.ts'
import type { Fields } from './fields.ts'

/** Which cases of a file are due. */
interface Due {
  readonly what: string
  includes(fields: Fields): boolean
}

const whole: Due = { what: 'all cases', includes: () => true }

/** The two frame headers of the canonical file; the rest of it comes with the issue on the wire. */
const frameHeaders: Due = {
  what: 'frame headers',
  includes: (fields) => HANDLED_TYPES.includes(fields.optionalText('type')),
}

/** What `npm test` must pass. This list only grows. */
const DUE: Readonly<Record<string, Due>> = {
  'bls48581/aggregate.json': whole,
  'bls48581/encodings.json': whole,
  'bls48581/hash_to_curve.json': whole,
  'bls48581/infinity_output.json': whole,
  'bls48581/keygen.json': whole,
  'bls48581/params.json': whole,
  'bls48581/scalars.json': whole,
  'bls48581/sign_verify.json': whole,
  'canonical/global_frames.json': frameHeaders,
  'consensus/genesis_mainnet.json': whole,
  'consensus/header_vdf.json': whole,
  'consensus/join_proof.json': whole,
  'consensus/messages.json': whole,
  'difficulty/asert.json': whole,
  'difficulty/asert_mainnet_anchor.json': whole,
  'difficulty/asert_sequences.json': whole,
  'difficulty/asert_wrap.json': whole,
  'frames/app_chain.json': whole,
  'frames/app_negative.json': whole,
  'frames/global_chain.json': whole,
  'frames/global_fields.json': whole,
  'frames/global_negative.json': whole,
  'frames/mainnet_genesis.json': whole,
  'poseidon/hash_bytes.json': whole,
  'poseidon/hash_elements.json': whole,
  'vdf/discriminant.json': whole,
  'vdf/forms.json': whole,
  'vdf/multi.json': whole,
  'vdf/multi_forms.json': whole,
  'vdf/solve.json': whole,
  'vdf/verify_negative.json': whole,
}

/** The due part of `AREA/FILE.json`; undefined when nothing of it is due. */
export const dueOf = (path: string): Due | undefined => (Object.hasOwn(DUE, path) ? DUE[path] : undefined)

/** Files that must be there in a due run: one that is missing is a failure. */
export const DUE_FILES: readonly string[] = Object.keys(DUE)
