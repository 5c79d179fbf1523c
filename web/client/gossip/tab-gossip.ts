/** Gossip of one identity while it runs: libp2p node, router, connections. Whoever stops it gets the key wiped. */
import { generateEd448KeyPair, wipePrivateKey } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { GossipService, hostIdentity, type SignatureVerifier, verifySignatures } from '@petal/p2p/gossip/index.ts'
import { hostKeyOfSeed } from '@petal/p2p/host-keys.ts'
import { Connections } from './connections.ts'
import { TAB_GOSSIP_LIMITS, TAB_LIMITS, TAB_LINK_LIMITS } from './limits.ts'
import { type HostRole, takeRole } from './role.ts'
import { createTabNode } from './tab-node.ts'

export interface TabGossipOptions {
  /** Secret; wiped here. */
  readonly seed: Uint8Array
  readonly peerId: string
  readonly networkNumber: number
  readonly addresses: () => readonly string[]
  readonly onError: (error: Error) => void
}

export interface TabGossip {
  /** Who signs. */
  readonly peerId: string
  readonly node: Libp2p
  readonly service: GossipService
  readonly host: HostRole['host']
  /** Messages whose signature did not hold. */
  refused(): number
  stop(): Promise<void>
}

/** Rejects when the node cannot be made; the key is wiped then too. */
export async function startTabGossip(options: TabGossipOptions): Promise<TabGossip> {
  const cleanups: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await Promise.resolve(cleanup()).catch(() => {})
  }
  try {
    const own = hostKeyOfSeed(options.seed)
    options.seed.fill(0)
    cleanups.push(() => wipePrivateKey(own))
    const { host, release } = await takeRole(options.peerId)
    cleanups.push(release)
    // A second host with the same id would get half of the streams of the first: it shows another key, and signs with this one.
    const node = await createTabNode(host === 'identity' ? own : await generateEd448KeyPair())
    cleanups.push(() => node.stop())
    let refused = 0
    const verify: SignatureVerifier = (claims) =>
      verifySignatures(claims).map(async (verdict) => {
        const valid = await verdict
        if (!valid) refused++
        return valid
      })
    const service = new GossipService({
      network: options.networkNumber,
      identity: hostIdentity(own),
      verify,
      verifiedPerTask: TAB_LIMITS.verifiedPerTask,
      limits: TAB_GOSSIP_LIMITS,
      linkLimits: TAB_LINK_LIMITS,
      onError: options.onError,
    })
    cleanups.push(() => service.stop())
    await service.start(node)
    const addresses = () => options.addresses().slice(0, TAB_LIMITS.addresses)
    const connections = new Connections(node, { addresses, nodes: TAB_LIMITS.nodes })
    cleanups.push(() => connections.stop())
    return { peerId: options.peerId, node, service, host, refused: () => refused, stop }
  } catch (error) {
    options.seed.fill(0)
    await stop()
    throw error
  }
}
