/** `Peering` that is loaded with its first call: the first frame does not need it. */
import { clientError } from '../errors.ts'
import type { PeerApi, PeerApiParts } from './peer-api.ts'
import type { Peering } from './peer-types.ts'

export function lazyPeering(parts: PeerApiParts): Peering {
  let loading: Promise<PeerApi> | null = null
  const api = async (): Promise<PeerApi> => {
    loading ??= import('./peer-api.ts').then(({ PeerApi }) => new PeerApi(parts))
    try {
      return await loading
    } catch (cause) {
      loading = null
      throw clientError('engine', 'What makes this tab a peer cannot be loaded: the connection may be gone.', { cause })
    }
  }
  return {
    identity: async () => await (await api()).identity(),
    gossip: async () => await (await api()).gossip(),
    exportIdentity: async (...asked) => await (await api()).exportIdentity(...asked),
    importIdentity: async (...asked) => await (await api()).importIdentity(...asked),
    forgetIdentity: async (...asked) => await (await api()).forgetIdentity(...asked),
    protectIdentity: async (...asked) => await (await api()).protectIdentity(...asked),
    unlockIdentity: async () => await (await api()).unlockIdentity(),
    publish: async (...asked) => await (await api()).publish(...asked),
    subscribe: async (...asked) => await (await api()).subscribe(...asked),
  }
}
