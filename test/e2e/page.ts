/** What all specs need of the page: opening it, its marks, and the shared replaying node. */
import { test as base, expect, type Locator, type Page } from '@playwright/test'
import type { Client } from '../../web/client/types.ts'
import { type RunningNode, replay, startNode } from './node.ts'
import { newest } from './vectors.ts'

declare global {
  interface Window {
    petal?: Client
  }
}

export const test = base.extend<object, { readonly node: RunningNode }>({
  /** One node for all specs of a run that only read from it. */
  node: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of needed fixtures from this pattern
    async ({}, use) => {
      await using node = await startNode(replay())
      await use(node)
    },
    { scope: 'worker' },
  ],
})

export { expect }

export const head = (page: Page): Locator => page.getByTestId('head')

/** Opens the page and waits until the newest recorded frame is verified, time proof included. */
export async function openVerified(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await expectProved(page, newest.header.frame_number)
}

export async function expectProved(page: Page, frame: number | bigint): Promise<void> {
  await expect(head(page)).toHaveAttribute('data-frame', String(frame))
  await expect(head(page)).toHaveAttribute('data-checks', /(^|,)certificate(,.*)?,vdf(,|$)/)
}
