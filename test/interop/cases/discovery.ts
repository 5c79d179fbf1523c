/** Petal nodes that look for each other by way of a host that is not theirs (docs/protocol/50-p2p.md section 3; P2P-07). */
import assert from 'node:assert/strict'
import type { PetalSide } from '../peers/petal-host.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { linkOrNone } from './links.ts'

/** All know one host, and nobody else. */
export const discoveryCases = (petals: readonly PetalSide[]): readonly Case[] => [
  {
    name: 'Petal nodes that know only Go find each other through it',
    run: async () => {
      const [one, other] = petals
      assert.ok(one && other)
      for (const [a, b] of [[one, other] as const, [other, one] as const])
        await until('they are connected', async () => (await linkOrNone(a.peer, b.peer.peerId)) !== undefined)
      const identity = await one.peer.identified(other.peer.peerId)
      assert.match(identity.agentVersion, other.agent)
    },
  },
]
