/** The sockets of a node: one for each address and port, shared by what listens there, and dialled from. */
import type { QuicAddon, QuicEndpoint, QuicIdentity, QuicLimits } from './addon.ts'

/** What is served: libp2p peers by QUIC, browsers by WebTransport. */
export type Kind = 'peer' | 'browser'

interface Socket {
  readonly host: string
  /** 0 = any. */
  readonly wantedPort: number
  readonly endpoint: Promise<QuicEndpoint>
  /** Kinds that were ever served here. One that has stopped does not come back. */
  readonly kinds: Set<Kind>
  users: number
}

export interface EndpointsInit {
  readonly addon: Pick<QuicAddon, 'QuicEndpoint'>
  readonly identity: () => Promise<QuicIdentity>
  readonly limits: QuicLimits
}

/** A listener's share of a socket. */
export interface Share {
  readonly endpoint: QuicEndpoint
  /** The last one to leave closes the socket and its sessions. */
  leave(): Promise<void>
}

export class Endpoints {
  readonly #init: EndpointsInit
  readonly #sockets: Socket[] = []

  constructor(init: EndpointsInit) {
    this.#init = init
  }

  /** A socket on this address that does not serve `kind` yet: one that is open, or a new one. Throws if it cannot be bound. */
  async share(host: string, wantedPort: number, kind: Kind): Promise<Share> {
    const socket =
      this.#sockets.find((one) => one.host === host && one.wantedPort === wantedPort && !one.kinds.has(kind)) ??
      this.#open(host, wantedPort)
    socket.kinds.add(kind)
    socket.users++
    const endpoint = await socket.endpoint
    let leaving: Promise<void> | undefined
    const leave = async () => {
      if (--socket.users > 0) return
      this.#forget(socket)
      await endpoint.close()
    }
    return {
      endpoint,
      leave: () => {
        leaving ??= leave()
        return leaving
      },
    }
  }

  /** The socket to dial an IP address from: one that listens and can reach it, else one for dialling only. */
  forDialling(to: string): Promise<QuicEndpoint> {
    const socket = this.#sockets.find(({ host }) => canReach(host, to)) ?? this.#open(anyAddress(to), 0)
    return socket.endpoint
  }

  /** Closes those that only dialled. */
  async stop(): Promise<void> {
    const idle = this.#sockets.filter(({ users }) => users === 0)
    idle.forEach((socket) => {
      this.#forget(socket)
    })
    await Promise.allSettled(idle.map(async ({ endpoint }) => (await endpoint).close()))
  }

  #open(host: string, wantedPort: number): Socket {
    const { addon, identity, limits } = this.#init
    const endpoint = identity().then((own) => addon.QuicEndpoint.bind(host, wantedPort, own, limits))
    const socket: Socket = { host, wantedPort, endpoint, kinds: new Set(), users: 0 }
    this.#sockets.push(socket)
    // Those who wait for it hear of it; the next one tries again.
    endpoint.catch(() => this.#forget(socket))
    return socket
  }

  #forget(socket: Socket): void {
    const index = this.#sockets.indexOf(socket)
    if (index !== -1) this.#sockets.splice(index, 1)
  }
}

function anyAddress(to: string): string {
  return to.includes(':') ? '::' : '0.0.0.0'
}

/** A socket that is bound to one address is not used across the border of the machine, which would not work. */
function canReach(host: string, to: string): boolean {
  if (host.includes(':') !== to.includes(':')) return false
  return host === anyAddress(to) || isLoopback(host) === isLoopback(to)
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
