/** Petal and stock js-libp2p peers, in processes of their own. */
import { afterAll, describe, test } from 'vitest'
import { kadCases } from './cases/kad.ts'
import { linkCases } from './cases/links.ts'
import { refusalCases } from './cases/refusals.ts'
import { KAD_PREFIXES, type KeyKind, kadProtocol } from './peers/peer.ts'
import { petalSide } from './peers/petal-host.ts'
import { stockJsSide } from './peers/stock-js.ts'

const CASE_MILLIS = 60_000

const pairs: readonly (readonly [KeyKind, keyof typeof KAD_PREFIXES])[] = [
  ['Ed25519', 'mainnet'],
  ['Ed25519', 'others'],
  ['Ed448', 'others'],
]

for (const [key, network] of pairs) {
  const kad = kadProtocol(KAD_PREFIXES[network])
  const petal = await petalSide(key, kad)
  const stock = await stockJsSide(kad)
  afterAll(async () => {
    await petal.peer.stop()
    await stock.peer.stop()
  })
  const cases =
    key === stock.key
      ? [...linkCases(petal, stock, 'tcp'), ...kadCases(petal, stock, 'tcp')]
      : refusalCases(petal, stock, 'tcp')

  describe(`Petal with an ${key} key, Kademlia of ${network}`, () => {
    test.each(cases)('$name', { timeout: CASE_MILLIS }, ({ run }) => run())
  })
}
