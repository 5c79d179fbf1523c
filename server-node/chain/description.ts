/** What `network.json` of a node says. */
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import type { FrameSource } from './source.ts'

/** `addresses`: multiaddrs of the node. */
export function describe(source: FrameSource, addresses: readonly string[]): NetworkDescription {
  return {
    format: 1,
    network: source.network,
    profile: source.profile,
    addresses,
    anchors: source.anchors(),
    frameIntervalMillis: source.frameIntervalMillis,
    ...(source.examples === undefined ? {} : { examples: source.examples }),
  }
}
