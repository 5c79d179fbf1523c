/** The page over the fixture client, in Chromium: what a person reads in each phase. */
import { render } from 'preact'
import { afterEach, expect, test } from 'vitest'
import type { Client, ClientState } from '../client.ts'
import { createPageModel, type PageModel } from '../model/page-model.ts'
import { createFixtureClient, type Scene } from '../testing/fixture-client.ts'
import { fixtureFields } from '../testing/fixture-fields.ts'
import { App } from './app.tsx'

let model: PageModel | undefined
let place: HTMLElement | undefined

function open(scene: Scene, committee?: ClientState['committee']): HTMLElement {
  place = document.body.appendChild(document.createElement('div'))
  const made = createFixtureClient(scene)
  const client = committee === undefined ? made : withCommittee(made, committee)
  model = createPageModel({ client, locateFields: fixtureFields, trust: 'origin' })
  render(<App model={model} />, place)
  void client.start()
  return place
}

/** The same client, which verifies with that committee. */
function withCommittee(client: Client, committee: ClientState['committee']): Client {
  const on: Client['on'] = (event, listener) =>
    client.on(event, (value) => listener(event === 'state' ? { ...value, committee } : value))
  return { ...client, state: { ...client.state, committee }, on }
}

afterEach(() => {
  model?.close()
  if (place !== undefined) render(null, place)
  place?.remove()
})

const headOf = (page: HTMLElement): DOMStringMap => page.querySelector<HTMLElement>('[data-testid=head]')?.dataset ?? {}

test('before a node answers, the page says what it does and what comes next', async () => {
  const page = open('connecting')
  expect(headOf(page)).toMatchObject({ phase: 'connecting', frame: '', checks: '' })
  expect(page.textContent).toContain('Looking for a node')
  await expect.poll(() => page.textContent).toContain('There is no frame to damage yet')
})

test('the certificate counts at once, the time proof after it', async () => {
  const page = open('ready')
  await expect.poll(() => headOf(page).frame).toBe('244220')
  expect(headOf(page).checks?.split(',')).toContain('certificate')
  expect(headOf(page).checks?.split(',')).not.toContain('vdf')
  await expect.poll(() => headOf(page).checks?.split(',')).toContain('vdf')
  expect(headOf(page).identity).toMatch(/^[0-9a-f]{64}$/)
})

test('the last twenty frames are listed; those below quorum are said to be stepped over', async () => {
  const page = open('ready')
  await expect.poll(() => page.querySelectorAll('[data-row]').length).toBe(20)
  const skipped = [...page.querySelectorAll<HTMLElement>('[data-outcome=skipped]')].map((row) => row.dataset.row)
  expect(skipped).toEqual(['244211', '244203', '244202', '244201'])
})

test('a frame opens to its checks from the keyboard', async () => {
  const page = open('ready')
  await expect.poll(() => page.querySelector('[data-row="244211"] button')).not.toBeNull()
  const line = page.querySelector<HTMLButtonElement>('[data-row="244211"] button')
  line?.focus()
  line?.click()
  await expect.poll(() => line?.getAttribute('aria-expanded')).toBe('true')
  expect(page.querySelector('[data-row="244211"] [data-check=quorum]')?.textContent).toContain('needed')
})

test('damage to the head is refused with the name of the check', async () => {
  const page = open('ready')
  await expect.poll(() => page.querySelector('.tamper')).not.toBeNull()
  page.querySelector<HTMLFormElement>('.tamper')?.requestSubmit()
  await expect
    .poll(() => page.querySelector<HTMLElement>('.tamper-result .verdict')?.dataset.failed)
    .toBe('signature,vdf')
})

test('two frames of one number are said first and alarmed', async () => {
  const page = open('halted')
  await expect.poll(() => page.querySelector('[role=alert]')?.textContent).toContain('two different frames')
  expect(headOf(page).phase).toBe('halted')
})

test.each([
  ['a pinned committee', undefined, '7 members, pinned by the anchors'],
  [
    'one that the registry names',
    { origin: 'registry', frame: 244_219n, members: 5, pending: null, reason: null },
    '5 members, derived from the registry at frame 244,219',
  ],
  [
    'none yet',
    { origin: 'registry', frame: null, members: null, pending: null, reason: 'The registry is copied.' },
    'The registry is copied.',
  ],
] as const)('%s is said to be that', async (_, committee, words) => {
  const page = open('ready', committee)
  await expect.poll(() => page.querySelector('[data-testid=committee]')?.textContent).toBe(words)
  const { origin } = page.querySelector<HTMLElement>('[data-testid=committee]')?.dataset ?? {}
  expect(origin).toBe(committee?.origin ?? 'pinned')
})

test('OPS-08 the newest message of the operators stays until it is dismissed, then the next; all can be read again', async () => {
  const page = open('alert')
  const banner = () => page.querySelector<HTMLElement>('[data-testid=alert]')
  const dismiss = () => banner()?.querySelector('button')?.click()
  await expect.poll(() => banner()?.textContent).toContain('Please stop proving')
  expect(banner()?.querySelector('[role=alert]')?.textContent).toContain('Message from the operators of this network')
  expect(banner()?.textContent).toContain('alert key 3ade80f9…ee3100')
  expect(banner()?.textContent).toContain('this may be an old one')
  expect(banner()?.textContent).toContain('1 of 2')
  dismiss()
  await expect.poll(() => banner()?.querySelector('[data-testid=alert-text]')?.textContent).toContain('\n\nNothing')
  dismiss()
  await expect.poll(banner).toBeNull()
  expect(document.activeElement?.id).toBe('main')
  await expect.poll(() => page.querySelectorAll('#messages [data-dismissed=true]').length).toBe(3)
})

test('where the operators said nothing there is nothing of them', async () => {
  const page = open('ready')
  await expect.poll(() => page.querySelector('#trust')).not.toBeNull()
  expect(page.querySelector('[data-testid=alert], #messages')).toBeNull()
})
