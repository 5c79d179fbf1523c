/** From what was read and proved to what the public types promise. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Finding } from '@petal/core/light/events.ts'
import { allocationFrames, type ProverReading, type RegistryReading } from '@petal/core/light/registry-reads.ts'
import type { ProofStep as FoundStep, ShardFinding, StateFinding, ValueFinding } from '@petal/core/light/state-reads.ts'
import type { HyperedgeReading, VertexReading, VerticesReading } from '@petal/core/light/state-values.ts'
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { type Prover, STATUS } from '@petal/core/registry/index.ts'
import type {
  HyperedgeValue,
  ProofStep,
  ProverList,
  ProverStatus,
  ProverValue,
  ShardValue,
  StateValue,
  VertexValue,
} from './state-types.ts'

const ABSENT = 'absent (unproven): no connected node has it, and absence has no proof in this protocol'
const NO_PROVER = 'what is proved to be at this address is no record of a prover'
const DOMAIN_BYTES = 32

export function verticesShown({ finding, vertices, schemaReason }: VerticesReading, domain: Uint8Array) {
  return vertices.map((vertex) => stateValue(finding, vertex.found.proven, vertexValue(vertex, domain, schemaReason)))
}

export function hyperedgeShown({ finding, found, members }: HyperedgeReading, domain: Uint8Array) {
  const value: HyperedgeValue | null = found.value && {
    ...placeOf(found, domain),
    bytes: found.value,
    members: members?.map(halves) ?? null,
    removed: found.removed,
  }
  return stateValue(finding, found.proven, value)
}

export function proverShown({ finding, prover }: ProverReading): StateValue<ProverValue> {
  const [record] = finding.values
  const shown = stateValue(finding, record?.proven === true, prover && proverValue(prover))
  return prover === null && record?.proven === true ? { ...shown, reason: NO_PROVER } : shown
}

export function shardShown(
  { header, roots, tree, ...finding }: ShardFinding,
  domain: Uint8Array,
): StateValue<ShardValue> {
  const value = { domain: bytesToHex(domain), roots: roots.map(bytesToHex) }
  const { frame, from, millis, proofBytes, steps } = finding
  return {
    ...vouched(header),
    value,
    frame,
    millis,
    steps: steps.map(stepShown),
    proofSize: proofBytes,
    setRoot: value.roots[0] ?? '',
    tree,
    from,
  }
}

export function proversShown(reading: RegistryReading): ProverList {
  const { header, frame, root, provers, leaves, bytes, from, millis } = reading
  return {
    ...vouched(header),
    value: provers.map(proverValue),
    frame,
    millis,
    setRoot: bytesToHex(root),
    leaves,
    bytes,
    from: from.join(', '),
  }
}

/** What the header says for what leads to it. */
function vouched({ facts, verified, reason }: Finding): Pick<StateValue<unknown>, 'root' | 'verified' | 'reason'> {
  return { root: identityOf(facts), verified, reason: verified === 'certificate' ? CERTIFICATE_ONLY : reason }
}

const CERTIFICATE_ONLY =
  'The time proof of the header is not checked: its certificate alone does not cover the commitments that the proofs lead to.'

const identityOf = (facts: HeaderFacts | null): string => (facts === null ? '' : bytesToHex(facts.identity))

function stateValue<T>(finding: StateFinding, proven: boolean, value: T | null): StateValue<T> {
  const { header, frame, millis, steps, proofBytes, root, tree, from } = finding
  const claim = { ...vouched(header), ...(proven ? {} : { verified: false as const, reason: ABSENT }) }
  return {
    ...claim,
    value,
    frame,
    millis,
    steps: steps.filter(({ name }) => proven || name !== 'value').map(stepShown),
    proofSize: proofBytes,
    setRoot: bytesToHex(root),
    tree,
    from,
  }
}

const stepShown = ({ to, ...step }: FoundStep): ProofStep => ({ ...step, to: bytesToHex(to) })

function vertexValue({ found, decoded }: VertexReading, domain: Uint8Array, reason: string | null): VertexValue | null {
  if (found.value === null) return null
  return {
    ...placeOf(found, domain),
    bytes: found.value,
    className: decoded?.className ?? null,
    fields: decoded?.fields ?? null,
    schemaReason: decoded === null ? (reason ?? null) : null,
    removed: found.removed,
  }
}

const placeOf = ({ address }: ValueFinding, domain: Uint8Array) => ({
  domain: bytesToHex(domain),
  address: bytesToHex(address),
})

/** Domain and data address of a 64-byte id. */
const halves = (id: Uint8Array) => ({
  domain: bytesToHex(id.subarray(0, DOMAIN_BYTES)),
  address: bytesToHex(id.subarray(DOMAIN_BYTES)),
})

function proverValue(prover: Prover): ProverValue {
  const { address, publicKey, status, seniority, availableStorage, allocations, reward } = prover
  return {
    address: bytesToHex(address),
    publicKey: bytesToHex(publicKey),
    status: statusName(status),
    seniority,
    availableStorage,
    allocations: allocations.map((allocation) => ({
      filter: bytesToHex(allocation.filter),
      status: statusName(allocation.status),
      frames: allocationFrames(allocation),
    })),
    reward: reward === undefined ? null : { delegate: bytesToHex(reward.delegate), balance: reward.balance },
  }
}

const STATUS_NAMES = new Map<number, ProverStatus>(
  Object.entries(STATUS).map(([name, number]) => [number, name as ProverStatus]),
)

function statusName(status: number): ProverStatus {
  return STATUS_NAMES.get(status) ?? 'unknown'
}
