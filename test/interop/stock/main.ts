/** A stock js-libp2p peer with an Ed25519 key: `node --import ./register.ts main.ts KAD-PROTOCOL`, commands as JSON lines. */
import { createInterface } from 'node:readline'
import * as keys from '@libp2p/crypto/keys'
import { startStockHost } from './host.ts'

if ('generateEd448KeyPair' in keys) throw new Error('this process is not stock: start it with --import ./register.ts')

const peer = await startStockHost(process.argv[2] ?? '')

const commands: Readonly<Record<string, (args: Readonly<Record<string, string>>) => Promise<unknown>>> = {
  dial: ({ address = '' }) => peer.dial(address),
  link: ({ peer: id = '' }) => peer.link(id),
  identified: ({ peer: id = '' }) => peer.identified(id),
  ping: async ({ peer: id = '' }) => ({ millis: await peer.ping(id) }),
  echo: async ({ peer: id = '', hex = '' }) => ({ hex: await peer.echo(id, hex) }),
  hangUp: ({ peer: id = '' }) => peer.hangUp(id),
  routingTable: async () => ({ peers: await peer.routingTable() }),
  provide: ({ cid = '' }) => peer.provide(cid),
  findProviders: async ({ cid = '' }) => ({ providers: await peer.findProviders(cid) }),
}

const write = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function answer(line: string): Promise<void> {
  const { id, do: name, args } = JSON.parse(line)
  try {
    const command = commands[name]
    if (command === undefined) throw new Error(`unknown command ${name}`)
    write({ id, result: await command(args) })
  } catch (error) {
    write({ id, error: String(error) })
  }
}

write({ event: 'ready', peer: peer.peerId, addresses: peer.addresses })
for await (const line of createInterface({ input: process.stdin })) void answer(line)
process.exit()
