/** Who may call what (spec 51 section 4; RPC-07): the table, as data. A method decides before its service; what is in neither is for this node's own peer id. */

/** Whom a method answers. */
export type Policy =
  | 'anyPeer' // any valid certificate
  | 'self' // this node's own peer id
  | 'prover' // a peer whose verified key registry names an existing prover
  | 'globalProver' // a prover with an allocation whose filter is empty
  | 'activeGlobalProverOrSelf' // the same, active, or this node's own peer id
  | 'shardProver' // a prover with an allocation of the worker's shard

/** The two kinds of listeners between peers. */
export type PeerPort = 'master' | 'worker'

type Row = Readonly<Record<PeerPort, Policy>>

const both = (policy: Policy): Row => ({ master: policy, worker: policy })
const on = (master: Policy, worker: Policy): Row => ({ master, worker })

interface ServiceRow {
  readonly service: Row
  readonly methods?: Readonly<Record<string, Row>>
}

/** Where a service is on one kind of listener only, the other one is for the own peer id. */
export const POLICIES: Readonly<Record<string, ServiceRow>> = {
  'quilibrium.node.global.pb.GlobalService': {
    service: on('anyPeer', 'globalProver'),
    methods: {
      GetGlobalProposal: on('activeGlobalProverOrSelf', 'globalProver'),
      GetLockedAddresses: on('prover', 'globalProver'),
      GetWorkerInfo: both('self'),
      StreamGlobalMessages: both('self'),
    },
  },
  'quilibrium.node.global.pb.AppShardService': { service: on('self', 'shardProver') },
  'quilibrium.node.application.pb.HypergraphComparisonService': {
    service: on('anyPeer', 'prover'),
    methods: { HyperStream: on('anyPeer', 'shardProver'), PerformSync: on('anyPeer', 'shardProver') },
  },
  'quilibrium.node.global.pb.OnionService': { service: both('self'), methods: { Connect: both('anyPeer') } },
  'quilibrium.node.global.pb.KeyRegistryService': { service: both('self') },
  'quilibrium.node.global.pb.MixnetService': {
    service: both('self'),
    methods: { PutMessage: both('anyPeer'), RoundStream: both('globalProver') },
  },
  'quilibrium.node.global.pb.DispatchService': { service: both('self'), methods: { Sync: both('prover') } },
  'quilibrium.node.proxy.pb.PubSubProxy': { service: both('self') },
  'quilibrium.node.node.pb.DataIPCService': { service: both('self') },
  'quilibrium.node.ferretproxy.pb.FerretProxy': {
    service: both('self'),
    methods: { BobProxy: on('self', 'anyPeer') },
  },
}

/** Policy of `/package.Service/Method`; `self` for whatever the table does not know. */
export function policyOf(path: string, port: PeerPort): Policy {
  const [, service = '', method = ''] = path.split('/')
  const row = Object.hasOwn(POLICIES, service) ? POLICIES[service] : undefined
  if (row === undefined) return 'self'
  const own = row.methods !== undefined && Object.hasOwn(row.methods, method) ? row.methods[method] : undefined
  return (own ?? row.service)[port]
}
