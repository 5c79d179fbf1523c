/** Petal and stock js-libp2p peers, in processes of their own. */

import { kademliaProtocol } from '@petal/core/identity/namespace.ts'
import { afterAll, describe, test } from 'vitest'
import { kadCases } from './cases/kad.ts'
import { linkCases } from './cases/links.ts'
import { refusalCases } from './cases/refusals.ts'
import { petalSide } from './peers/petal-host.ts'
import { stockJsSide } from './peers/stock-js.ts'

const NETWORK = 99
const CASE_MILLIS = 60_000

for (const key of ['Ed25519', 'Ed448'] as const) {
  const petal = await petalSide(key, NETWORK)
  const stock = await stockJsSide(kademliaProtocol(NETWORK))
  afterAll(async () => {
    await petal.peer.stop()
    await stock.peer.stop()
  })
  const cases =
    key === stock.key
      ? [...linkCases(petal, stock, 'tcp'), ...kadCases(petal, stock, 'tcp')]
      : refusalCases(petal, stock, 'tcp')

  describe(`Petal with an ${key} key`, () => {
    test.each(cases)('$name', { timeout: CASE_MILLIS }, ({ run }) => run())
  })
}
