import { createClient } from '@petal/client'

const client = createClient({ network: new URL('/network.json', location.href).href })
const place = document.querySelector('#frame')

client.on('state', ({ reason }) => place.setAttribute('title', reason))
client.on('head', ({ frame, root, verified }) => {
  place.textContent = `Frame ${frame}, identity ${root}, verified: ${verified}`
})
await client.start()
