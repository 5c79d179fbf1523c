import { createClient } from '@petal/client'

const client = createClient({ network: new URL('/network.json', location.href).href })
const place = document.querySelector('#value')
await client.start()
await client.ready()

const vertex = client.network.examples.find(({ kind }) => kind === 'vertex')
client.watch(vertex.address, ({ value, frame, verified, reason }) => {
  const fields = value?.fields?.map((field) => `${field.name} ${field.value}`).join(', ')
  place.textContent = `Frame ${frame}: ${fields ?? reason}, verified: ${verified}`
})
