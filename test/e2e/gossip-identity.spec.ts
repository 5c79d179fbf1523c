/** The identity of a browser: kept over reloads, shared by its tabs, locked by a passkey, moved by a file that a node can read too. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { loadAddon } from '../../server-node/crypto/addon.ts'
import { KeyStore } from '../../server-node/keys/key-store.ts'
import { peerIdOf, say, takePart } from './gossip-page.ts'
import { expect, test } from './page.ts'

const PASSPHRASE = 'a passphrase for tests'

async function opened(page: Page, url: string): Promise<string> {
  await page.goto(url)
  return await takePart(page)
}

async function freshPage(browser: Browser): Promise<Page> {
  return await (await browser.newContext()).newPage()
}

test('the identity survives a reload, is taken to another browser by a file, and is what a node reads', async ({
  page,
  browser,
  node,
}) => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-identity-'))
  try {
    const peerId = await opened(page, node.url)
    await page.reload()
    await expect(page.getByTestId('peer-id')).toHaveAttribute('data-peer-id', peerId)
    const kept = await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))
    expect(kept).not.toMatch(/[0-9a-f]{40}/)

    await page.getByText('Keep, move or forget this identity').click()
    await page.getByLabel('A new passphrase').fill('short')
    await page.getByRole('button', { name: 'Save identity' }).click()
    await expect(page.getByText('8 characters or more: it is all')).toBeVisible()
    await page.getByLabel('A new passphrase').fill(PASSPHRASE)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save identity' }).click(),
    ])
    const path = join(directory, 'identity.json')
    await download.saveAs(path)

    const engine = loadAddon()
    const store = await KeyStore.open(path, PASSPHRASE, engine)
    expect(store.ids).toEqual(['q-peer-key'])
    const key = store.get('q-peer-key')
    const shown = await page.evaluate(async () => (await window.petal?.identity())?.publicKey)
    expect(Buffer.from(key.publicKey).toString('hex')).toBe(shown)
    expect(await readFile(path, 'utf8')).not.toContain(Buffer.from(key.privateKey).toString('hex'))
    store.close()

    const other = await freshPage(browser)
    await other.goto(node.url)
    await other.getByText('Use an identity from a file instead').click()
    await other.getByLabel('A file with an identity').setInputFiles(path)
    await other.getByLabel('Its passphrase').fill('another passphrase')
    await other.getByRole('button', { name: 'Import identity' }).click()
    await expect(other.getByText('The passphrase does not open this file.')).toBeVisible()
    await other.getByLabel('Its passphrase').fill(PASSPHRASE)
    await other.getByRole('button', { name: 'Import identity' }).click()
    await expect(other.getByTestId('peer-id')).toHaveAttribute('data-peer-id', peerId)
    await other.context().close()

    await page.getByRole('button', { name: 'Forget this identity' }).click()
    await page.getByRole('button', { name: /for good/ }).click()
    await expect(page.getByRole('button', { name: 'Make an identity and take part' })).toBeVisible()
    await page.reload()
    await expect(page.getByRole('button', { name: 'Make an identity and take part' })).toBeVisible()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('two tabs of one browser are one identity: both send, both hear, only one is connected as it', async ({
  page,
  context,
  node,
}) => {
  const peerId = await opened(page, node.url)
  const second = await context.newPage()
  await second.goto(node.url)
  await expect(second.getByTestId('peer-id')).toHaveAttribute('data-peer-id', peerId)
  await expect(page.getByTestId('peer-host')).toHaveAttribute('data-host', 'identity')
  await expect(second.getByTestId('peer-host')).toHaveAttribute('data-host', 'throwaway')
  for (const [from, to, text] of [
    [page, second, 'from the first'],
    [second, page, 'from the second'],
  ] as const) {
    await expect(from.getByTestId('peer-nodes')).toHaveText('1')
    await say(from, text)
    await expect(to.getByTestId('heard')).toContainText(text)
  }
  await page.close()
  const isTaken = (name: string) =>
    second.evaluate(async (wanted) => {
      const { held = [] } = await navigator.locks.query()
      return held.some((lock) => lock.name === wanted)
    }, name)
  await expect.poll(() => isTaken(`petal-peer/${peerId}`)).toBe(false)
  await second.reload()
  await expect(second.getByTestId('peer-host')).toHaveAttribute('data-host', 'identity')
})

test('an identity that is forgotten in one tab is gone in the other: it stops and says so, and makes no new one until a person asks', async ({
  page,
  context,
  node,
}) => {
  const peerId = await opened(page, node.url)
  const second = await context.newPage()
  await second.goto(node.url)
  await expect(second.getByTestId('peer-nodes')).toHaveText('1')
  await page.getByText('Keep, move or forget this identity').click()
  await page.getByRole('button', { name: 'Forget this identity' }).click()
  await page.getByRole('button', { name: /for good/ }).click()
  await expect(second.getByTestId('peer-forgotten')).toContainText('forgotten, here or in another tab')
  await expect(second.getByRole('button', { name: 'Make an identity and take part' })).toBeVisible()
  const told = await second.evaluate(async () => {
    const error = await window.petal?.publish('00', Uint8Array.of(1)).catch((thrown: { code: string }) => thrown)
    const { identity, forgotten, running, peers } = (await window.petal?.gossip()) ?? {}
    return { code: typeof error === 'object' ? error.code : 'published', identity, forgotten, running, peers }
  })
  expect(told).toEqual({ code: 'identity', identity: null, forgotten: true, running: false, peers: [] })
  await second.reload()
  await expect(second.getByRole('button', { name: 'Make an identity and take part' })).toBeVisible()
  const fresh = await takePart(second)
  expect(fresh).not.toBe(peerId)
  await expect(second.getByTestId('peer-forgotten')).toHaveCount(0)
})

test('a passkey locks the identity: after a reload only it opens the key', async ({ page, node }) => {
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('WebAuthn.enable')
  const { authenticatorId } = await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  // Passkeys belong to names, not to numbers.
  const peerId = await opened(page, node.url.replace('127.0.0.1', 'localhost'))
  await page.getByText('Keep, move or forget this identity').click()
  await page.getByRole('button', { name: 'Lock with a passkey' }).click()
  await expect(page.getByText('From now on only your passkey opens the key.')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Unlock with the passkey' })).toBeVisible()
  const locked = await page.evaluate(async () => {
    const error = await window.petal?.publish('00', Uint8Array.of(1)).catch((thrown: { code: string }) => thrown)
    return typeof error === 'object' ? error.code : 'published'
  })
  expect(locked).toBe('locked')
  await page.getByRole('button', { name: 'Unlock with the passkey' }).click()
  await expect(page.getByTestId('peer-host')).toHaveAttribute('data-host', 'identity')
  expect(await peerIdOf(page)).toBe(peerId)
  await page.reload()
  await devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await page.getByRole('button', { name: 'Unlock with the passkey' }).click()
  await expect(page.getByText('The passkey was not given')).toBeVisible()
  await expect(page.getByTestId('peer-host')).toHaveAttribute('data-host', '')
})

test('where a site has no name, the page says that passkeys cannot be used', async ({ page, node }) => {
  await opened(page, node.url)
  await page.getByText('Keep, move or forget this identity').click()
  await page.getByRole('button', { name: 'Lock with a passkey' }).click()
  await expect(page.getByText('Passkeys need a site with a name')).toBeVisible()
})
