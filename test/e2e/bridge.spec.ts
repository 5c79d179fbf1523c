/** The node goes away and comes back; two tabs share what was verified. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHAIN, replay, startNode } from './node.ts'
import { expect, expectProved, head, openVerified, test } from './page.ts'
import { newest } from './vectors.ts'

test('a node that vanishes is missed in words, and found again when it returns', async ({ page }) => {
  test.setTimeout(180_000)
  const dataDir = await mkdtemp(join(tmpdir(), 'petal-e2e-'))
  try {
    const first = await startNode({ ...replay(), dataDir })
    await openVerified(page, first.url)
    await expect(head(page)).toHaveAttribute('data-phase', 'ready')
    await first.stop('SIGKILL')
    await expect(head(page)).toHaveAttribute('data-phase', /^(degraded|connecting)$/, { timeout: 60_000 })
    await expect(head(page)).toHaveAttribute('data-frame', String(newest.header.frame_number))
    await expect(page.locator('.phase-reason')).not.toBeEmpty()
    await expect(page.locator('.phase-next')).not.toHaveText(/^Next\s*$/)

    await using _second = await startNode({ args: ['--replay', CHAIN, '--port', String(first.port)], dataDir })
    await expect(head(page)).toHaveAttribute('data-phase', 'ready', { timeout: 90_000 })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('two tabs verify at once, and one goes on when the other closes', async ({ context }) => {
  test.setTimeout(120_000)
  await using node = await startNode(replay('--replay-interval', '1500'))
  const [one, two] = [await context.newPage(), await context.newPage()]
  await Promise.all([one.goto(node.url), two.goto(node.url)])
  await expect(head(one)).toHaveAttribute('data-checks', /certificate/, { timeout: 60_000 })
  await expect(head(two)).toHaveAttribute('data-checks', /certificate/, { timeout: 60_000 })
  await one.close()
  await expectProved(two, newest.header.frame_number)
  await expect(head(two)).toHaveAttribute('data-identity', newest.identity)
})
