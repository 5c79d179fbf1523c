/** Which tab of an origin is connected with the identity itself: the first; a Web Lock says so (docs/decisions/0012-tab-identity.md). */

export interface HostRole {
  readonly host: 'identity' | 'throwaway'
  release(): void
}

/** `identity` for the first tab that asks, until it releases it or ends. */
export function takeRole(peerId: string): Promise<HostRole> {
  const throwaway: HostRole = { host: 'throwaway', release: () => {} }
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  // Without locks nobody knows of other tabs.
  if (locks === undefined) return Promise.resolve(throwaway)
  return new Promise((resolve) => {
    const held = async (lock: Lock | null): Promise<void> => {
      if (lock === null) return resolve(throwaway)
      const ended = Promise.withResolvers<void>()
      resolve({ host: 'identity', release: () => ended.resolve() })
      await ended.promise
    }
    locks.request(`petal-peer/${peerId}`, { ifAvailable: true }, held).catch(() => resolve(throwaway))
  })
}
