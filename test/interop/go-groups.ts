/** Petal and go-libp2p: kinds of keys, transports, Kademlia of both kinds of networks. */
import { kadCases } from './cases/kad.ts'
import { linkCases, type Side } from './cases/links.ts'
import { refusalCases } from './cases/refusals.ts'
import { GO_SAYS, type GoPeers } from './peers/go-peer.ts'
import { KAD_PREFIXES, type KeyKind, kadProtocol, type TransportKind } from './peers/peer.ts'
import { petalSide } from './peers/petal-host.ts'
import { type Group, NotHere } from './runner.ts'

interface Pair {
  readonly petal: KeyKind
  readonly go: KeyKind
  /** Whether the Go side knows keys of type 4. */
  readonly taught: boolean
}

const PAIRS: readonly Pair[] = [
  { petal: 'Ed25519', go: 'Ed25519', taught: false },
  { petal: 'Ed448', go: 'Ed25519', taught: false },
  { petal: 'Ed448', go: 'Ed25519', taught: true },
  { petal: 'Ed25519', go: 'Ed448', taught: true },
  { petal: 'Ed448', go: 'Ed448', taught: true },
]

export const goGroups = (peers: GoPeers): readonly Group[] =>
  (['tcp', 'quic'] as const).flatMap((transport) =>
    PAIRS.flatMap((pair) => Object.values(KAD_PREFIXES).map((prefix) => goGroup(peers, pair, transport, prefix))),
  )

function goGroup(peers: GoPeers, pair: Pair, transport: TransportKind, kadPrefix: string): Group {
  const goName = `${pair.taught ? 'taught' : 'stock'} go-libp2p ${pair.go}`
  return {
    name: `Petal ${pair.petal} and ${goName} by ${transport}, ${kadPrefix}`,
    start: async () => {
      if (transport === 'quic') throw new NotHere('Petal has no QUIC yet')
      const stock: Side = {
        name: 'Go',
        key: pair.go,
        peer: await peers.start({ key: pair.go, taught: pair.taught, transport, kadPrefix }),
        ...GO_SAYS,
      }
      const petal = await petalSide(pair.petal, kadProtocol(kadPrefix))
      const understood = pair.taught || pair.petal !== 'Ed448'
      return {
        cases: understood
          ? [...linkCases(petal, stock, transport), ...kadCases(petal, stock, transport)]
          : refusalCases(petal, stock, transport),
        stop: async () => {
          await petal.peer.stop()
          await stock.peer.stop()
        },
      }
    },
  }
}
