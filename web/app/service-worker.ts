/** Registers the service worker, which makes the page work without a network, and notices newer versions. */
import { signal } from '@preact/signals'

/** True when a newer version was fetched and waits for the next load. */
export const newerVersionWaits = signal(false)

/** Does nothing where service workers are missing or refused: the page works without, but not offline. */
export async function registerServiceWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const { serviceWorker } = navigator
  try {
    const registration = await serviceWorker.register('./sw.js', { updateViaCache: 'none' })
    const watch = (worker: ServiceWorker | null): void => {
      worker?.addEventListener('statechange', () => {
        // Without a controller this is the first visit: nothing older is shown.
        if (worker.state === 'installed' && serviceWorker.controller !== null) newerVersionWaits.value = true
      })
    }
    watch(registration.installing)
    registration.addEventListener('updatefound', () => watch(registration.installing))
  } catch {
    // Private mode and some embedders refuse: stay an online page.
  }
}
