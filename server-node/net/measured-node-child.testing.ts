/** The process of `measured-node.testing.ts`. It ends with its parent's interest. */
import { createHash } from 'node:crypto'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { loadAddon } from '../crypto/addon.ts'
import { startTestRpc } from '../rpc/testing.ts'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import type { Ready } from './measured-node.testing.ts'
import { startPeerNode } from './node.ts'
import { TRANSPORTS } from './transports.ts'
import { Certificates } from './webtransport/certificates.ts'

const addon = loadAddon()
const certificates = await Certificates.open(addon, undefined, Date.now())
const node = await startPeerNode({
  networkNumber: 99,
  identity: await generateEd448KeyPair(),
  host: '127.0.0.1',
  transports: TRANSPORTS,
  // All peers of a test have one address.
  limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 10_000 },
  discovery: { enoughConnections: 0 },
  udp: { addon, certificates },
})
await node.serve(new Frames())
const rpc = await startTestRpc()
/** A parent that is gone hears nothing. */
const tell = (message: Ready | number) => process.send?.(message, undefined, undefined, () => undefined)
process.on('message', () => {
  globalThis.gc?.()
  tell(process.memoryUsage.rss())
})
process.on('disconnect', () => process.exit(0))
const ready: Ready = {
  addresses: node.addresses(),
  port: rpc.port,
  certificate: [...createHash('sha256').update(certificates.serving.certificate).digest()],
}
tell(ready)
