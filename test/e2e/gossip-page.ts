/** What the specs of gossip do on the page, and wait for at its nodes. */
import type { Page } from '@playwright/test'
import type { GossipingNode } from './gossip-nodes.ts'
import { expect } from './page.ts'

/** Presses the button of the opened page, which makes the identity. Resolves with its peer id. */
export async function takePart(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Make an identity and take part' }).click()
  await expect(page.getByTestId('peer-host')).not.toHaveAttribute('data-host', '')
  return await peerIdOf(page)
}

export const peerIdOf = async (page: Page): Promise<string> =>
  (await page.getByTestId('peer-id').getAttribute('data-peer-id')) ?? ''

/** Waits until a node sends what it hears of the topic to that peer. */
export const meshed = (node: GossipingNode, topic: Uint8Array, peerId: string): Promise<void> =>
  expect.poll(() => node.node.gossip.meshOf(topic)).toContain(peerId)

export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('A message to everybody').fill(text)
  await page.getByRole('button', { name: 'Sign and send' }).click()
}
