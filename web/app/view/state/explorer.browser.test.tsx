/** The State section over the fixture client, in Chromium: what a person reads of a value, the registry and the map. */
import { render } from 'preact'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPageModel, type PageModel } from '../../model/page-model.ts'
import { createFixtureClient, type Scene } from '../../testing/fixture-client.ts'
import { fixtureFields } from '../../testing/fixture-fields.ts'
import { ADDRESSES } from '../../testing/fixture-state.ts'
import { App } from '../app.tsx'

let model: PageModel | undefined
let place: HTMLElement | undefined

async function open(scene: Scene = 'ready'): Promise<HTMLElement> {
  place = document.body.appendChild(document.createElement('div'))
  const client = createFixtureClient(scene, { delayMillis: 20, changeMillis: 100 })
  model = createPageModel({ client, locateFields: fixtureFields, trust: 'origin' })
  location.hash = '#state'
  render(<App model={model} />, place)
  void client.start()
  const page = place
  await expect.poll(() => marked(page, 'state-lookup'), LOADING).not.toBeNull()
  return page
}

beforeEach(() => {
  location.hash = ''
})

afterEach(() => {
  model?.close()
  if (place !== undefined) render(null, place)
  place?.remove()
  location.hash = ''
})

/** The first loading of the explorer compiles it. */
const LOADING = { timeout: 15_000 }

const marked = (page: HTMLElement, mark: string): HTMLElement | null => page.querySelector(`[data-testid=${mark}]`)
const dataOf = (page: HTMLElement, mark: string): DOMStringMap => marked(page, mark)?.dataset ?? {}

function type(page: HTMLElement, text: string): void {
  const field = page.querySelector<HTMLTextAreaElement>('[name=state-address]')
  if (field === null) throw new Error('there is no field for the address')
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
}

async function ask(page: HTMLElement, text: string): Promise<void> {
  type(page, text)
  await expect.poll(() => page.querySelector<HTMLTextAreaElement>('[name=state-address]')?.value).toBe(text)
  page.querySelector<HTMLFormElement>('.lookup-form')?.requestSubmit()
}

const press = (page: HTMLElement, words: string): void => {
  const found = [...page.querySelectorAll('button')].find((button) => button.textContent?.includes(words))
  if (found === undefined) throw new Error(`there is no button “${words}”`)
  found.click()
}

test('the frames are the first view; the explorer is not loaded before it is opened', async () => {
  place = document.body.appendChild(document.createElement('div'))
  const client = createFixtureClient('ready')
  model = createPageModel({ client, locateFields: fixtureFields, trust: 'origin' })
  render(<App model={model} />, place)
  const page = place
  await expect.poll(() => marked(page, 'head')?.checkVisibility()).toBe(true)
  expect(marked(page, 'state-lookup')).toBeNull()
  page.querySelector<HTMLAnchorElement>('nav a[href="#state"]')?.click()
  await expect.poll(() => marked(page, 'state-lookup')?.checkVisibility(), LOADING).toBe(true)
  expect(marked(page, 'head')?.checkVisibility()).toBe(false)
  expect(page.querySelector('nav [aria-current=page]')?.textContent).toBe('State')
  page.querySelector<HTMLAnchorElement>('nav a[href="#frames"]')?.click()
  await expect.poll(() => marked(page, 'head')?.checkVisibility()).toBe(true)
})

test('a value comes with its fields and the chain of proofs to the header', async () => {
  const page = await open()
  await ask(page, `${ADDRESSES.domain}/${ADDRESSES.rose}`)
  await expect.poll(() => dataOf(page, 'state-value')).toMatchObject({ verified: 'full', frame: '244220' })
  expect(dataOf(page, 'proof-steps').steps).toBe('value,shard,header')
  expect(marked(page, 'state-spoken')?.textContent).toContain('Proved on this device, frame 244220')
  expect(page.querySelector('[data-field=petals]')?.textContent).toContain('5')
  expect(page.querySelector('[data-field=label]')?.textContent).toContain('does not fit its type')
  expect(page.querySelector('[data-field="40"]')?.textContent).toContain('not in the schema')
  expect(page.querySelector('[data-field=picture] summary')?.textContent).toBe('600 B')
  expect(marked(page, 'state-value')?.textContent).toContain('garden:Flower')
})

test('what is absent is said to be unproven and is never green', async () => {
  const page = await open()
  await ask(page, `${ADDRESSES.domain}${ADDRESSES.absent}`)
  await expect.poll(() => dataOf(page, 'state-value')).toMatchObject({ verified: 'false', absent: 'true' })
  expect(marked(page, 'state-value')?.textContent).toContain('Absent (unproven)')
  expect(marked(page, 'state-value')?.classList.contains('tone-good')).toBe(false)
  expect(marked(page, 'proof-steps')).toBeNull()
})

test('a header without its time proof, and a chain that breaks, are not green either', async () => {
  const page = await open()
  await ask(page, `${ADDRESSES.domain}/${ADDRESSES.certified}`)
  await expect.poll(() => dataOf(page, 'state-value').verified).toBe('certificate')
  expect(marked(page, 'state-value')?.classList.contains('tone-wait')).toBe(true)
  await ask(page, `${ADDRESSES.domain}/${ADDRESSES.unverified}`)
  await expect.poll(() => dataOf(page, 'state-value').verified).toBe('false')
  expect(dataOf(page, 'proof-steps').steps).toBe('value')
  expect(page.querySelector('[data-step=header]')?.textContent).toContain('another one')
})

test.each([
  [ADDRESSES.refused, 'does not verify'],
  [ADDRESSES.forgotten, 'the state of that frame'],
  [ADDRESSES.offline, 'No node answers'],
])('a failure says what to do (%#)', async (address, title) => {
  const page = await open()
  await ask(page, `${ADDRESSES.domain}/${address}`)
  await expect.poll(() => marked(page, 'advice')?.textContent).toContain(title)
  expect(marked(page, 'advice')?.textContent).toContain('What to do')
  expect(marked(page, 'state-value')).toBeNull()
})

test('an address of 32 bytes asks for a prover; a wrong one is told what is wrong', async () => {
  const page = await open()
  type(page, ADDRESSES.domain)
  await expect.poll(() => page.querySelector<HTMLInputElement>('[name=state-kind]:checked')?.value).toBe('prover')
  await ask(page, 'abc')
  await expect.poll(() => page.querySelector('#lookup-problem')?.textContent).toContain('3 digits')
  expect(page.querySelector('[name=state-address]')?.getAttribute('aria-invalid')).toBe('true')
})

test('a followed value marks what changed', async () => {
  const page = await open()
  await ask(page, `${ADDRESSES.domain}/${ADDRESSES.rose}`)
  await expect.poll(() => marked(page, 'state-follow')).not.toBeNull()
  page.querySelector<HTMLInputElement>('[role=switch]')?.click()
  await expect.poll(() => Number(dataOf(page, 'state-follow').changes)).toBeGreaterThan(0)
  expect(page.querySelector<HTMLElement>('[data-field=bees]')?.dataset.changed).toBe('true')
  expect(page.querySelector<HTMLElement>('[data-field=petals]')?.dataset.changed).toBe('false')
  page.querySelector<HTMLInputElement>('[role=switch]')?.click()
  await expect.poll(() => dataOf(page, 'state-follow').changes).toBe('')
})

test('members of a hyperedge lead on', async () => {
  const page = await open()
  press(page, 'A bed of flowers')
  await expect.poll(() => page.querySelectorAll('.member').length).toBe(3)
  page.querySelector<HTMLButtonElement>('.member .small')?.click()
  await expect.poll(() => dataOf(page, 'state-value').kind).toBe('vertex')
})

test('the registry is pulled with progress, rebuilt, and filtered', async () => {
  const page = await open()
  expect(dataOf(page, 'registry')).toMatchObject({ count: '', verified: '' })
  press(page, 'Pull the registry')
  await expect.poll(() => marked(page, 'sync-progress')).not.toBeNull()
  await expect.poll(() => dataOf(page, 'registry')).toMatchObject({ count: '64', verified: 'full' })
  expect(marked(page, 'registry')?.textContent).toContain('192 leaves, root equals the header’s')
  page.querySelector<HTMLInputElement>('[name=prover-status][value=paused]')?.click()
  await expect
    .poll(() => [...page.querySelectorAll<HTMLElement>('.prover')].map(({ dataset }) => dataset.status))
    .toEqual(Array.from({ length: 9 }, () => 'paused'))
  const line = page.querySelector<HTMLButtonElement>('.prover-line')
  line?.click()
  await expect.poll(() => line?.getAttribute('aria-expanded')).toBe('true')
  press(page, 'Look it up alone')
  await expect.poll(() => dataOf(page, 'state-value')).toMatchObject({ kind: 'prover', verified: 'full' })
  expect(dataOf(page, 'proof-steps').steps).toBe('value,header')
})

test('the map counts used and changed trees; arrow keys walk it', async () => {
  const page = await open()
  await expect.poll(() => dataOf(page, 'commitments')).toMatchObject({ used: '57', changed: '3', frame: '244220' })
  expect(page.querySelectorAll('.cell-changed[data-cell]').length).toBe(3)
  const first = page.querySelector<HTMLButtonElement>('[data-cell][tabindex="0"]')
  expect(page.querySelectorAll('[data-cell][tabindex="0"]').length).toBe(1)
  first?.focus()
  first?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))
  await expect
    .poll(() => (document.activeElement as HTMLElement | null)?.dataset.cell)
    .toBe(String(Number(first?.dataset.cell) + 16))
  expect(dataOf(page, 'commitment').index).toBe(String(Number(first?.dataset.cell) + 16))
})

test('before the first frame the map waits, and only what can be tried is offered', async () => {
  const page = await open('connecting')
  expect(dataOf(page, 'commitments').used).toBe('')
  expect(marked(page, 'examples')).toBeNull()
})
