/** Entry of the client's dedicated worker: one `ClientHost`. */
import { expose, type Remote } from 'comlink'
import { ClientHost } from './host.ts'
import type { HostApi, HostListener, HostOptions } from './host-api.ts'
import type { PageServices } from './page-services.ts'

let host: ClientHost | null = null

const running = (): ClientHost => {
  if (host === null) throw new Error('the client is not started')
  return host
}

const api: HostApi = {
  start(options: HostOptions, page: PageServices, listener: HostListener) {
    // Comlink hands proxies in: what they are declared as, each call a promise.
    host ??= new ClientHost(options, page as unknown as Remote<PageServices>, listener)
  },
  query: (call, wish) => running().query(call, wish),
  read: (call, wish, onProgress) => running().read(call, wish, onProgress),
  follow: (call, wish, onProgress) => running().follow(call, wish, onProgress),
  peer: (wish, onDeliveries) => running().peer(wish, onDeliveries),
  cancel: (call) => running().cancel(call),
  head: () => running().head(),
  recent: (count) => running().recent(count),
  work: () => running().work(),
  alerts: () => running().alerts(),
  dismissAlert: (digest) => running().dismissAlert(digest),
  addAddress: (address) => running().addAddress(address),
  ping: () => {},
  stop: async () => await host?.stop(),
}

expose(api)
