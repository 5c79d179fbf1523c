import { EngineTrees } from '../../core/crypto/engine-trees.ts'
import type { FullEngine } from '../../core/platform/engine.ts'
import * as bls48581 from './areas/bls48581.ts'
import { frameHeaders } from './areas/canonical.ts'
import { canonicalMessages, decoderVerdicts, strictness, validation } from './areas/canonical-codec.ts'
import { joinProof, messages } from './areas/consensus.ts'
import { headerVdf } from './areas/consensus-header-vdf.ts'
import { difficulty } from './areas/difficulty.ts'
import * as ed448 from './areas/ed448.ts'
import { encodings } from './areas/encodings.ts'
import * as execution from './areas/execution.ts'
import { appChain, appNegative } from './areas/frames-app.ts'
import { globalChain, globalFields, globalNegative } from './areas/frames-global.ts'
import { genesisMainnet, mainnetGenesis } from './areas/genesis.ts'
import * as hypergraph from './areas/hypergraph.ts'
import * as kzg from './areas/kzg.ts'
import * as lifecycle from './areas/lifecycle.ts'
import { otherSignatures } from './areas/other-signatures.ts'
import * as gossip from './areas/p2p-gossip.ts'
import * as p2pIdentity from './areas/p2p-identity.ts'
import * as p2pKeys from './areas/p2p-keys.ts'
import * as p2pRecords from './areas/p2p-records.ts'
import { hashBytes, hashElements } from './areas/poseidon.ts'
import * as sync from './areas/sync.ts'
import * as tries from './areas/tries.ts'
import * as vdf from './areas/vdf.ts'
import type { Fields } from './fields.ts'
import type { FileRunner } from './runner.ts'

const treesOf = (engine: FullEngine) => new EngineTrees(engine)

/** Which runners check which vector file. A file that is not here has no runner, and the conformance run says so. */
const RUNNERS: Readonly<Record<string, readonly FileRunner[]>> = {
  'bls48581/aggregate.json': [bls48581.aggregate],
  'bls48581/encodings.json': [bls48581.encodings],
  'bls48581/hash_to_curve.json': [bls48581.hashToCurve],
  'bls48581/infinity_output.json': [bls48581.infinityOutput],
  'bls48581/keygen.json': [bls48581.keygen],
  'bls48581/params.json': [bls48581.params],
  'bls48581/scalars.json': [bls48581.scalars],
  'bls48581/sign_verify.json': [bls48581.signVerify],
  'canonical/compute.json': [canonicalMessages],
  'canonical/envelope.json': [canonicalMessages],
  'canonical/global_frames.json': [frameHeaders, canonicalMessages],
  'canonical/global_prover.json': [canonicalMessages],
  'canonical/hypergraph.json': [canonicalMessages],
  'canonical/keys.json': [canonicalMessages],
  'canonical/limits.json': [decoderVerdicts],
  'canonical/node_channel.json': [canonicalMessages],
  'canonical/strictness.json': [strictness],
  'canonical/sub_lengths.json': [decoderVerdicts],
  'canonical/token.json': [canonicalMessages],
  'canonical/validation.json': [validation],
  'consensus/confirm_windows.json': [lifecycle.confirmWindows],
  'consensus/encodings.json': [encodings],
  'consensus/genesis_mainnet.json': [lifecycle.joined(genesisMainnet, lifecycle.genesisState(treesOf))],
  'consensus/header_vdf.json': [headerVdf],
  'consensus/join_proof.json': [joinProof],
  'consensus/lifecycle_addresses.json': [lifecycle.lifecycleAddresses],
  'consensus/lifecycle_aggregate_status.json': [lifecycle.aggregateStatus],
  'consensus/lifecycle_domains.json': [lifecycle.lifecycleDomains],
  'consensus/lifecycle_records.json': [lifecycle.lifecycleRecords(treesOf)],
  'consensus/lifecycle_reward_records.json': [lifecycle.lifecycleRewards(treesOf)],
  'consensus/messages.json': [messages],
  'difficulty/asert.json': [difficulty],
  'difficulty/asert_mainnet_anchor.json': [difficulty],
  'difficulty/asert_sequences.json': [difficulty],
  'difficulty/asert_wrap.json': [difficulty],
  'ed448/decaf448.json': [ed448.decaf448],
  'ed448/ed448_edge.json': [ed448.edge],
  'ed448/ed448_sign.json': [ed448.sign],
  'ed448/other_signatures.json': [otherSignatures],
  'ed448/x448_edwards_keys.json': [ed448.agreementKeys],
  'execution/global_state.json': [lifecycle.globalState(treesOf)],
  'execution/order_keys.json': [execution.orderKeys],
  'execution/schema_evolution.json': [execution.schemaEvolution],
  'execution/schema_values.json': [execution.schemaValues],
  'execution/turtle.json': [execution.turtle],
  'execution/turtle_limits.json': [execution.turtle],
  'frames/app_chain.json': [appChain],
  'frames/app_negative.json': [appNegative],
  'frames/global_chain.json': [globalChain],
  'frames/global_fields.json': [globalFields],
  'frames/global_negative.json': [globalNegative],
  'frames/mainnet_genesis.json': [mainnetGenesis],
  'hypergraph/atoms.json': [hypergraph.atoms],
  'hypergraph/crdt.json': [hypergraph.crdt],
  'hypergraph/field_keys.json': [hypergraph.fieldKeys],
  'hypergraph/global_commitments.json': [hypergraph.globalCommitments],
  'hypergraph/hyperedges.json': [hypergraph.hyperedges],
  'hypergraph/metadata.json': [hypergraph.metadata],
  'hypergraph/shard_keys.json': [hypergraph.shardKeys],
  'kzg/ceremony.json': [kzg.ceremony],
  'kzg/commit.json': [kzg.commit],
  'kzg/multiproof.json': [kzg.multiproof],
  'kzg/open.json': [kzg.open],
  'kzg/points.json': [kzg.points],
  'p2p/bitmask.json': [gossip.bitmask],
  'p2p/bitmask_collisions.json': [gossip.bitmask],
  'p2p/bitmask_slices.json': [gossip.bitmaskSlices],
  'p2p/blossomsub_control.json': [gossip.control],
  'p2p/blossomsub_message.json': [gossip.message],
  'p2p/dht_namespace.json': [p2pIdentity.namespace],
  'p2p/global_alert.json': [p2pRecords.globalAlert],
  'p2p/key_file.json': [p2pKeys.keyFile],
  'p2p/key_file_edge.json': [p2pKeys.keyFileEdge],
  'p2p/key_registry.json': [p2pRecords.keyRegistry],
  'p2p/key_registry_keys.json': [p2pRecords.keyRegistryKeys],
  'p2p/noise_payload.json': [p2pIdentity.noise],
  'p2p/peer_id.json': [p2pIdentity.peerId],
  'p2p/peer_id_edge.json': [p2pIdentity.peerId],
  'p2p/peer_info.json': [p2pRecords.peerInfo],
  'p2p/peer_info_edge.json': [p2pRecords.peerInfoEdge],
  'p2p/release_check.json': [p2pRecords.release],
  'p2p/send_authentication.json': [p2pRecords.sendAuthentication],
  'p2p/tls_cert.json': [p2pKeys.tlsCertificate],
  'p2p/tls_cert_edge.json': [p2pKeys.tlsCertificateEdge],
  'p2p/worker_identity.json': [p2pIdentity.worker],
  'poseidon/hash_bytes.json': [hashBytes],
  'poseidon/hash_elements.json': [hashElements],
  'sync/data_trees.json': [sync.dataTrees(treesOf)],
  'sync/perform_sync.json': [sync.performSync(treesOf)],
  'tries/blobs.json': [tries.blobs],
  'tries/nibbles.json': [tries.nibbles],
  'tries/prefix_keys.json': [tries.prefixKeys],
  'tries/traversal.json': [tries.traversal],
  'tries/trees.json': [tries.trees],
  'tries/uncommitted.json': [tries.uncommitted],
  'vdf/discriminant.json': [vdf.discriminant],
  'vdf/forms.json': [vdf.forms],
  'vdf/multi.json': [vdf.multi],
  'vdf/multi_forms.json': [vdf.multiForms],
  'vdf/solve.json': [vdf.solve],
  'vdf/verify_negative.json': [vdf.verifyNegative],
}

/** The runners of `AREA/FILE.json`; none when nobody handles it. */
export const runnersOf = (path: string): readonly FileRunner[] =>
  Object.hasOwn(RUNNERS, path) ? (RUNNERS[path] ?? []) : []

/** Whether a runner backed by the other kind of code handles this case. */
export const handledElsewhere = (path: string, runner: FileRunner, fields: Fields): boolean =>
  runnersOf(path).some((other) => other !== runner && (other.unhandled?.(fields) ?? null) === null)
