/** A peer in a process of its own. */
import type { LineEvent, LineProcess } from './line-process.ts'
import type { Identity, InteropPeer, Link, Provider } from './peer.ts'

export class LinePeer implements InteropPeer {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly #process: LineProcess

  /** `ready`: what the program said when it was. */
  constructor(process: LineProcess, ready: LineEvent) {
    this.#process = process
    this.peerId = ready.peer as string
    this.addresses = ready.addresses as string[]
  }

  get events(): readonly LineEvent[] {
    return this.#process.events
  }

  /** Does a command of this kind of peer. */
  call<T>(command: string, args: object = {}): Promise<T> {
    return this.#process.call(command, args)
  }

  dial(address: string): Promise<Link> {
    return this.call('dial', { address })
  }
  link(peer: string): Promise<Link> {
    return this.call('link', { peer })
  }
  identified(peer: string): Promise<Identity> {
    return this.call('identified', { peer })
  }
  async ping(peer: string): Promise<number> {
    return (await this.call<{ millis: number }>('ping', { peer })).millis
  }
  async echo(peer: string, hex: string): Promise<string> {
    return (await this.call<{ hex: string }>('echo', { peer, hex })).hex
  }
  hangUp(peer: string): Promise<void> {
    return this.call('hangUp', { peer })
  }
  async routingTable(): Promise<readonly string[]> {
    return (await this.call<{ peers: string[] }>('routingTable')).peers
  }
  provide(cid: string): Promise<void> {
    return this.call('provide', { cid })
  }
  async findProviders(cid: string): Promise<readonly Provider[]> {
    return (await this.call<{ providers: Provider[] }>('findProviders', { cid })).providers
  }
  stop(): Promise<void> {
    return this.#process.stop()
  }
}
