/** The page over the fixture client, in Chromium: what a person reads in each phase. */
import { render } from 'preact'
import { afterEach, expect, test } from 'vitest'
import { createPageModel, type PageModel } from '../model/page-model.ts'
import { createFixtureClient, type Scene } from '../testing/fixture-client.ts'
import { fixtureFields } from '../testing/fixture-fields.ts'
import { App } from './app.tsx'

let model: PageModel | undefined
let place: HTMLElement | undefined

function open(scene: Scene): HTMLElement {
  place = document.body.appendChild(document.createElement('div'))
  const client = createFixtureClient(scene)
  model = createPageModel({ client, locateFields: fixtureFields, trust: 'origin' })
  render(<App model={model} />, place)
  void client.start()
  return place
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
