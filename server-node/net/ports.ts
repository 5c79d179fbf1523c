/** Ports of the last run, so that addresses that somebody wrote down work after a restart. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { PUBLIC_MODE, readFileIfPresent, writeFileDurable } from '../data/files.ts'
import type { TransportName } from './transports.ts'

/** Of transports, and of gRPC for other nodes. */
export type Ports = Partial<Record<TransportName | 'peer-rpc', number>>

/** Ports that nodes of the network have unless they are told others (docs/protocol/53-node-config-and-operations.md section 3). */
export const STANDARD_PORTS: Ports = { tcp: 8336, quic: 8336, webtransport: 8336, 'peer-rpc': 8340 }

const FILE = 'ports.json'
const TCP: readonly string[] = ['tcp', 'websocket', 'peer-rpc']

/**
 * Those ports of the last run that are free now, else of `otherwise`. A wish only: whatever is wrong with the file, any free port will do.
 */
export async function wishedPorts(directory: string | undefined, host: string, otherwise: Ports): Promise<Ports> {
  const read = directory === undefined ? undefined : readFileIfPresent(join(directory, FILE)).catch(() => undefined)
  const ports: Ports = {}
  for (const [name, port] of Object.entries({ ...otherwise, ...parse(await read) })) {
    if (!Number.isInteger(port) || port < 1024 || port > 65_535) continue
    const free = TCP.includes(name) ? tcpIsFree : udpIsFree
    if (await free(host, port)) ports[name as keyof Ports] = port
  }
  return ports
}

export async function rememberPorts(directory: string, addresses: readonly string[], peerRpc: number): Promise<void> {
  const ports: Ports = { 'peer-rpc': peerRpc }
  for (const address of addresses) {
    const parts = multiaddr(address).getComponents()
    const names = parts.map(({ name }) => name)
    const port = Number(parts.find(({ name }) => name === 'tcp' || name === 'udp')?.value)
    if (names.includes('ws')) ports.websocket = port
    else if (names.includes('webrtc-direct')) ports['webrtc-direct'] = port
    else if (names.includes('webtransport')) ports.webtransport = port
    else if (names.includes('quic-v1')) ports.quic = port
    else if (names.includes('tcp')) ports.tcp = port
  }
  await writeFileDurable(join(directory, FILE), JSON.stringify(ports), PUBLIC_MODE)
}

function parse(content: Buffer | undefined): Record<string, number> {
  try {
    const value = JSON.parse(content?.toString() ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function tcpIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ host, port }, () => probe.close(() => resolve(true)))
  })
}

function udpIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    probe.once('error', () => {
      probe.close()
      resolve(false)
    })
    probe.bind({ address: host, port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
