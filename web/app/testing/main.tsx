/** The page over the fixture client, for design work: `npx vite --config web/app/vite.config.ts`, then /testing/?scene=ready. */
import { render } from 'preact'
import { createPageModel } from '../model/page-model.ts'
import { App } from '../view/app.tsx'
import { createFixtureClient, SCENES, type Scene } from './fixture-client.ts'
import { fixtureFields } from './fixture-fields.ts'

const asked = new URLSearchParams(location.search).get('scene')
const scene: Scene = SCENES.find((name) => name === asked) ?? 'ready'
const client = createFixtureClient(scene)
const place = document.getElementById('app')
if (place !== null) {
  render(<App model={createPageModel({ client, locateFields: fixtureFields, trust: 'origin' })} />, place)
}
void client.start()
