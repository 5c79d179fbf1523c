/** The twenty recorded frames, verified in the tab over each transport (TRV-11, FRM-03, FRM-04). */
import type { Client } from '../../web/client/types.ts'
import { expect, head, openVerified, test } from './page.ts'
import { belowQuorum, expectedRefusals, frames, negatives, newest } from './vectors.ts'

/** Checks against the frames that the tab holds already; the recorded verdicts know one header only. */
const NEIGHBOURS = ['link', 'rank']

for (const transport of ['websocket', 'webrtc-direct', 'webtransport'] as const) {
  test(`twenty frames over ${transport}: listed identities, below quorum stepped over`, async ({ page, node }) => {
    test.setTimeout(180_000)
    await openVerified(page, `${node.url}/?transport=${transport}`)
    await expect(head(page)).toHaveAttribute('data-phase', 'ready')
    await expect(head(page)).toHaveAttribute('data-identity', newest.identity)
    await expect(page.locator(`.peer.tone-good[data-transport="${transport}"]`)).toHaveCount(1)

    const outcomes = await page.evaluate(
      async (numbers) => {
        const said: { number: number; identity?: string; verified?: unknown; code?: string; reason?: string }[] = []
        for (const number of numbers) {
          try {
            const client = window.petal as Client
            const { value } = await client.header(BigInt(number))
            // By number the certificate is enough; here the time proof is asked for as well.
            const { verified } = await client.verify(value.bytes)
            said.push({ number, identity: value.identity, verified })
          } catch (error) {
            const { code, message } = error as { code: string; message: string }
            said.push({ number, code, reason: message })
          }
        }
        return said
      },
      frames.map((frame) => frame.header.frame_number),
    )
    for (const [index, frame] of frames.entries()) {
      const outcome = outcomes[index]
      if (frame.quorum === false) {
        expect(outcome, frame.name).toMatchObject({ code: 'refused' })
        expect(outcome?.reason, frame.name).toMatch(/quorum/i)
      } else {
        expect(outcome, frame.name).toMatchObject({ identity: frame.identity, verified: 'full' })
      }
    }
  })
}

test('frames 1 to 3 and 11 are shown as stepped over, with the quorum named', async ({ page, node }) => {
  await openVerified(page, node.url)
  for (const { header } of belowQuorum) {
    const row = page.locator(`[data-row="${header.frame_number}"]`)
    await expect(row).toHaveAttribute('data-outcome', 'skipped')
    await row.getByRole('button').click()
    await expect(row.locator('[data-check=quorum]')).toHaveAttribute('data-ok', 'false')
  }
  for (const { header, identity } of frames.filter((frame) => frame.quorum !== false)) {
    await expect(page.locator(`[data-row="${header.frame_number}"]`)).toHaveAttribute('data-identity', identity)
  }
})

test('every damaged header is refused, and by the right check', async ({ page, node }) => {
  test.setTimeout(180_000)
  await openVerified(page, node.url)
  for (const negative of negatives) {
    const verdict = await page.evaluate(async (hex) => {
      const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      const answer = await window.petal?.verify(bytes)
      return { verified: answer?.verified, failed: answer?.checks.filter((check) => !check.ok) ?? [] }
    }, negative.header_pb)
    const expected = expectedRefusals(negative)
    const failed = verdict.failed.map((check) => check.name).filter((name) => !NEIGHBOURS.includes(name))
    expect(verdict.verified, negative.name).toBe(expected.length === 0 ? 'full' : false)
    // Without its form a header is refused before its other checks mean anything.
    if (expected.includes('shape')) expect(failed, negative.name).toContain('shape')
    else expect(failed.toSorted(), negative.name).toEqual(expected.toSorted())
    for (const check of verdict.failed) expect(check.reason, `${negative.name}: ${check.name}`).toBeTruthy()
  }
})
