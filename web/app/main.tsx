/** The page: makes one client, shows what it says, and leaves it to scripts as `window.petal`. */
import { render } from 'preact'
import { type Client, type ClientOptions, createClient, locateFields } from './client.ts'
import { createPageModel } from './model/page-model.ts'
import { transportsOf } from './query.ts'
import { registerServiceWorker } from './service-worker.ts'
import { storedTrust } from './trust.ts'
import { App } from './view/app.tsx'

declare global {
  interface Window {
    petal?: Client
  }
}

const pasted = storedTrust()
const transports = transportsOf(location.search)
const options: ClientOptions = {
  network: new URL('./network.json', document.baseURI).href,
  policy: 'refuse',
  ...pasted,
  ...(transports === undefined ? {} : { transports }),
}
const client = createClient(options)
window.petal = client

// The client's worker starts while the page is drawn.
void client.start()

const place = document.getElementById('app')
if (place !== null) {
  const model = createPageModel({ client, locateFields, trust: pasted === null ? 'origin' : 'pasted' })
  // A task of its own: loading the scripts was one already.
  setTimeout(() => {
    place.replaceChildren()
    render(<App model={model} />, place)
  })
}
void registerServiceWorker()
