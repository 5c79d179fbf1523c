/** A service as a listener serves it, and the text for every method that has no content yet. */
import type { DescService } from '@bufbuild/protobuf'
import type { ConnectRouter } from '@connectrpc/connect'

export interface ServedService {
  readonly service: DescService
  /** Names of the methods that answer, as in the service: `GetGlobalFrame`. */
  readonly answers: ReadonlySet<string>
  readonly register: (router: ConnectRouter) => void
}

/** What methods without content wait for; a service, then single methods of it. */
const WAITS: Readonly<Record<string, string>> = {
  'quilibrium.node.global.pb.GlobalService': 'this node keeps no state',
  'quilibrium.node.global.pb.GlobalService/StreamGlobalMessages': 'this node hears no gossip',
  'quilibrium.node.global.pb.GlobalService/SubmitGlobalMessage':
    'waits for execution: this node takes no prover messages yet',
  'quilibrium.node.application.pb.HypergraphComparisonService': 'this node keeps no state',
  'quilibrium.node.application.pb.HypergraphComparisonService/HyperStream': 'replaced by PerformSync',
  'quilibrium.node.application.pb.HypergraphComparisonService/GetChildrenForPath': 'replaced by PerformSync',
  'quilibrium.node.global.pb.OnionService': 'waits for onion routing',
  'quilibrium.node.global.pb.KeyRegistryService': 'sub-keys are taken within their whole registry, from gossip',
  'quilibrium.node.global.pb.MixnetService': 'waits for the mixnet',
  'quilibrium.node.global.pb.DispatchService': 'waits for inbox dispatch',
  'quilibrium.node.proxy.pb.PubSubProxy': 'waits for workers in processes of their own',
  'quilibrium.node.proxy.pb.PubSubProxy/SignMessage':
    'never served: it would sign anything with the identity of the node',
  'quilibrium.node.node.pb.DataIPCService': 'waits for workers in processes of their own',
  'quilibrium.node.ferretproxy.pb.FerretProxy': 'its messages are not specified',
  'quilibrium.node.node.pb.ConnectivityService': 'waits for the connectivity test',
  'quilibrium.node.node.pb.NodeService': 'this node keeps no state',
  'quilibrium.node.node.pb.NodeService/GetMetrics': 'waits for metrics',
  'quilibrium.node.node.pb.NodeService/GetTokensByAccount': 'waits for the token engine',
}

/** Why a path has no content here; null when it has. Paths of services that are not served are not asked about. */
export function waitsFor(served: readonly ServedService[]): (path: string) => string | null {
  const answering = new Set(
    served.flatMap(({ service, answers }) => [...answers].map((method) => `/${service.typeName}/${method}`)),
  )
  return (path) => {
    if (answering.has(path)) return null
    const name = path.slice(1)
    return WAITS[name] ?? WAITS[name.split('/', 1)[0] ?? ''] ?? 'not served here'
  }
}

/** A service that is declared and answers nothing yet. */
export const declared = (service: DescService): ServedService => ({
  service,
  answers: new Set(),
  register: (router) => void router.service(service, {}),
})
