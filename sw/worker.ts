/**
 * The service worker: keeps the shell of the page (HTML, scripts, styles, fonts, the verifier module) so that it opens without a network.
 * It never touches `network.json`: what to trust is always asked of the origin, and the client keeps its own copy of what it verified.
 */
import { cleanupOutdatedCaches, type PrecacheEntry, precacheAndRoute } from 'workbox-precaching'
import { TAKE_OVER } from './messages.ts'

/** The part of the service worker's global scope that is used here. */
interface Scope {
  /** List of files with revisions, written in by sw/build.ts. */
  readonly __WB_MANIFEST: (PrecacheEntry | string)[]
  readonly clients: { matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly unknown[]> }
  skipWaiting(): Promise<void>
  addEventListener(
    type: 'message',
    listener: (event: MessageEvent & { waitUntil(done: Promise<void>): void }) => void,
  ): void
}
declare const self: Scope

precacheAndRoute(self.__WB_MANIFEST, {
  // The page reads diagnostics from its address; the shell is the same for all of them.
  ignoreURLParametersMatching: [/^transport$/],
})
cleanupOutdatedCaches()

/** A new version replaces the old one only when no second page would lose the scripts that it still wants to load. */
async function takeOverWhenAlone(): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (pages.length <= 1) await self.skipWaiting()
}

self.addEventListener('message', (event) => {
  if (event.data === TAKE_OVER) event.waitUntil(takeOverWhenAlone())
})
