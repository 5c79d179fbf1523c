/** Petal and stock js-libp2p peers, in processes of their own. */
import { kademliaProtocol } from '@petal/core/identity/namespace.ts'
import { afterAll, describe, test } from 'vitest'
import type { Case } from './cases/case.ts'
import { kadCases } from './cases/kad.ts'
import { linkCases } from './cases/links.ts'
import { refusalCases } from './cases/refusals.ts'
import { unknownKindCases } from './cases/unknown-kinds.ts'
import { petalSide } from './peers/petal-host.ts'
import { stockJsSide } from './peers/stock-js.ts'

const NETWORK = 99
const CASE_MILLIS = 60_000

const petal25519 = await petalSide({ key: 'Ed25519', network: NETWORK, transport: 'tcp' })
const petal448 = await petalSide({ key: 'Ed448', network: NETWORK, transport: 'tcp' })
const stock = await stockJsSide(kademliaProtocol(NETWORK))
afterAll(async () => {
  for (const { peer } of [stock, petal448, petal25519]) await peer.stop()
})

const rooms: readonly (readonly [string, readonly Case[]])[] = [
  ['Petal with an Ed448 key', refusalCases(petal448, stock, 'tcp')],
  ['Petal with an Ed25519 key', [...linkCases(petal25519, stock, 'tcp'), ...kadCases(petal25519, stock, 'tcp')]],
  ['a stock peer that meets ids of Ed448 keys', unknownKindCases(petal25519, petal448, stock, 'tcp')],
]

describe.each(rooms)('%s', (_, cases) => {
  test.each(cases)('$name', { timeout: CASE_MILLIS }, ({ run }) => run())
})
