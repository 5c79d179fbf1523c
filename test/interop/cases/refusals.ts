/** A stock peer cannot know keys of type 4: it refuses a Petal node that has one, and the node must take that well. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { addressOf, linkOrNone, type Side } from './links.ts'

/** A stock peer resets within 0.3 s; this long it is watched that nobody comes back. */
const QUIET_MILLIS = 1000

export function refusalCases(petal: Side, stock: Side, transport: TransportName): readonly Case[] {
  return [
    {
      name: `${stock.name} dials ${petal.name} and refuses its key`,
      run: async () => {
        await assert.rejects(stock.peer.dial(addressOf(petal.peer, transport)))
        await apart(petal, stock)
      },
    },
    {
      name: `${petal.name} dials ${stock.name} and is refused, which is no identified peer`,
      run: async () => {
        // The last message of Noise is the dialler's: it may learn of the refusal only afterwards.
        const link = await petal.peer.dial(addressOf(stock.peer, transport)).catch(() => undefined)
        if (link !== undefined) assert.equal(link.peer, stock.peer.peerId)
        await apart(petal, stock)
        await assert.rejects(petal.peer.ping(stock.peer.peerId))
        await apart(petal, stock)
      },
    },
  ]
}

/** Neither has the other, now and a while later. */
async function apart(petal: Side, stock: Side): Promise<void> {
  const together = async () => {
    const links = [await linkOrNone(petal.peer, stock.peer.peerId), await linkOrNone(stock.peer, petal.peer.peerId)]
    return links.some((link) => link !== undefined)
  }
  await until('both are apart', async () => !(await together()))
  await sleep(QUIET_MILLIS)
  assert.equal(await together(), false)
}
