/** A stock js-libp2p peer: the same packages, without the key type that Petal taught them. */
import { fileURLToPath } from 'node:url'
import type { Side } from '../cases/links.ts'
import { LinePeer } from './line-peer.ts'
import { LineProcess } from './line-process.ts'

const path = (name: string) => fileURLToPath(new URL(`../stock/${name}`, import.meta.url))

export async function stockJsSide(kad: string): Promise<Side> {
  const program = new LineProcess(process.execPath, ['--import', path('register.ts'), path('main.ts'), kad])
  const peer = new LinePeer(program, await program.ready())
  return { name: 'stock js-libp2p', key: 'Ed25519', peer, agent: /^js-libp2p\//, protocolVersion: 'ipfs/0.1.0' }
}
