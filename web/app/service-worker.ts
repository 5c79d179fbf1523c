/** Registers the service worker, which makes the page work without a network, and notices newer versions. */
import { signal } from '@preact/signals'
import { TAKE_OVER } from '../../sw/messages.ts'

/** True when a newer version was fetched and waits for the next load. */
export const newerVersionWaits = signal(false)

/** Asks the waiting version to take over, and loads the page anew once it has. It stays put while another page runs the old one. */
function takeOver(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  waiting.postMessage(TAKE_OVER)
}

/** Does nothing where service workers are missing or refused: the page works without, but not offline. */
export async function registerServiceWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const { serviceWorker } = navigator
  try {
    const registration = await serviceWorker.register('./sw.js', { updateViaCache: 'none' })
    // Without a controller this is the first visit: nothing older is shown.
    const isUpdate = (): boolean => serviceWorker.controller !== null
    if (registration.waiting !== null && isUpdate()) {
      newerVersionWaits.value = true
      takeOver(registration.waiting)
    }
    registration.addEventListener('updatefound', () => {
      const { installing } = registration
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed' && isUpdate()) newerVersionWaits.value = true
      })
    })
  } catch {
    // Private mode and some embedders refuse: stay an online page.
  }
}
