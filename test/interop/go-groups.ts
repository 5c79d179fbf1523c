/** Petal and go-libp2p: kinds of keys, transports, Kademlia, gossip. */
import { blossomSubProtocol } from '@petal/core/gossip/index.ts'
import { kademliaProtocol } from '@petal/core/identity/namespace.ts'
import type { TransportName } from '../../server-node/net/transports.ts'
import type { Case } from './cases/case.ts'
import { discoveryCases } from './cases/discovery.ts'
import { type GossipSide, gossipCases } from './cases/gossip.ts'
import { kadCases } from './cases/kad.ts'
import { addressOf, linkCases } from './cases/links.ts'
import { mixedGossipCases } from './cases/mixed-gossip.ts'
import { probeCases } from './cases/probe.ts'
import { joinedCases, meetProgramCases, newerWebTransportCases, programCases } from './cases/program.ts'
import { refusalCases } from './cases/refusals.ts'
import { unknownKindCases } from './cases/unknown-kinds.ts'
import { GO_SAYS, type GoPrograms } from './peers/go-programs.ts'
import type { KeyKind } from './peers/peer.ts'
import { type PetalSide, petalSide } from './peers/petal-host.ts'
import { startProgram } from './peers/petal-program.ts'
import type { Group } from './runner.ts'

const NETWORK = 99
const OWN_NETWORK = ['--frame-interval', '1']
const TRANSPORTS: readonly TransportName[] = ['tcp', 'quic']

/** Transports that are there for tabs; go-libp2p has them too. */
const TAB_TRANSPORTS: readonly TransportName[] = ['websocket', 'webrtc-direct']

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

const understand = ({ petal, taught }: Pair) => taught || petal !== 'Ed448'

export const goGroups = (programs: GoPrograms): readonly Group[] => [
  ...TRANSPORTS.flatMap((transport) => [
    ...PAIRS.map((pair) => linkGroup(programs, pair, transport)),
    ...PAIRS.filter(understand).map((pair) => gossipGroup(programs, pair, transport)),
    ...PAIRS.filter(understand).map((pair) => discoveryGroup(programs, pair, transport)),
    mixedGroup(programs, transport),
    programGroup(programs, transport),
    probeGroup(programs, transport),
  ]),
  tabTransportGroup(programs),
  joinedGroup(programs),
]

function nameOf({ petal, go, taught }: Pair, transport: TransportName): string {
  return `Petal ${petal}, ${taught ? 'taught' : 'stock'} go-libp2p ${go}, ${transport}`
}

function linkGroup(programs: GoPrograms, pair: Pair, transport: TransportName): Group {
  return {
    name: nameOf(pair, transport),
    start: async (stack) => {
      const go = await goSide(stack, programs, pair, transport)
      const petal = await petalSide({ key: pair.petal, network: NETWORK, transport })
      stack.defer(() => petal.peer.stop())
      return understand(pair)
        ? [...linkCases(petal, go, transport), ...kadCases(petal, go, transport)]
        : refusalCases(petal, go, transport)
    },
  }
}

function gossipGroup(programs: GoPrograms, pair: Pair, transport: TransportName): Group {
  return {
    name: `${nameOf(pair, transport)}, gossip`,
    start: async (stack) => {
      const go = await goSide(stack, programs, pair, transport)
      const other = await goSide(stack, programs, pair, transport)
      const petal = await petalSide({ key: pair.petal, network: NETWORK, transport })
      stack.defer(() => petal.peer.stop())
      return gossipCases(petal, go, other, transport)
    },
  }
}

/** Petal with an Ed25519 key between hosts of both kinds. */
function mixedGroup(programs: GoPrograms, transport: TransportName): Group {
  const pair = { petal: 'Ed25519' } as const
  return {
    name: `Petal Ed25519 between stock and taught go-libp2p, ${transport}`,
    start: async (stack) => {
      const stock = await goSide(stack, programs, { ...pair, go: 'Ed25519', taught: false }, transport)
      const taught = await goSide(stack, programs, { ...pair, go: 'Ed448', taught: true }, transport)
      const far = await petalSide({ key: 'Ed448', network: NETWORK, transport })
      stack.defer(() => far.peer.stop())
      const petal = await petalSide({ key: 'Ed25519', network: NETWORK, transport })
      stack.defer(() => petal.peer.stop())
      return [...mixedGossipCases(petal, stock, taught, transport), ...unknownKindCases(petal, far, stock, transport)]
    },
  }
}

/** Petal nodes that know nobody but a Go host. */
function discoveryGroup(programs: GoPrograms, pair: Pair, transport: TransportName): Group {
  return {
    name: `${nameOf(pair, transport)}, discovery`,
    start: async (stack) => {
      const go = await goSide(stack, programs, pair, transport)
      const petals: PetalSide[] = []
      for (const _ of [1, 2]) {
        const petal = await petalSide({
          key: pair.petal,
          network: NETWORK,
          transport,
          bootstrap: [addressOf(go.peer, transport)],
        })
        stack.defer(() => petal.peer.stop())
        petals.push(petal)
      }
      return discoveryCases(petals)
    },
  }
}

/** The program as a person starts it. */
function programGroup(programs: GoPrograms, transport: TransportName): Group {
  const knowing: Pair = { petal: 'Ed448', go: 'Ed448', taught: true }
  return {
    name: `petal-node start, go-libp2p, ${transport}`,
    start: async (stack) => {
      const go = await goSide(stack, programs, knowing, transport)
      const other = await goSide(stack, programs, knowing, transport)
      const stock = await goSide(stack, programs, { petal: 'Ed448', go: 'Ed25519', taught: false }, transport)
      const program = await startProgram(stack, OWN_NETWORK)
      return programCases(program, [go, other, stock], NETWORK, transport)
    },
  }
}

/** The program that asks, and hosts that are asked. */
function probeGroup(programs: GoPrograms, transport: TransportName): Group {
  const knowing: Pair = { petal: 'Ed448', go: 'Ed448', taught: true }
  return {
    name: `petal-node probe, go-libp2p, ${transport}`,
    start: async (stack) => {
      const go = await goSide(stack, programs, knowing, transport)
      const other = await goSide(stack, programs, knowing, transport)
      const stock = await goSide(stack, programs, { petal: 'Ed448', go: 'Ed25519', taught: false }, transport)
      return probeCases([go, other, stock], NETWORK, transport)
    },
  }
}

function tabTransportGroup(programs: GoPrograms): Group {
  return {
    name: 'petal-node start, go-libp2p by the transports of tabs',
    start: async (stack) => {
      const program = await startProgram(stack, OWN_NETWORK)
      const cases: Case[] = []
      for (const transport of TAB_TRANSPORTS) {
        const go = await goSide(stack, programs, { petal: 'Ed448', go: 'Ed448', taught: true }, transport)
        cases.push(...meetProgramCases(program, go, NETWORK, transport))
      }
      const go = await goSide(stack, programs, { petal: 'Ed448', go: 'Ed448', taught: true }, 'webtransport')
      return [...cases, ...newerWebTransportCases(program, go)]
    },
  }
}

/** A second node joins the first; Go knows only the second. */
function joinedGroup(programs: GoPrograms): Group {
  return {
    name: 'petal-node start --join, go-libp2p',
    start: async (stack) => {
      const first = await startProgram(stack, OWN_NETWORK)
      const second = await startProgram(stack, ['--join', addressOf(first, 'tcp')])
      const go = await goSide(stack, programs, { petal: 'Ed448', go: 'Ed448', taught: true }, 'tcp')
      return joinedCases(first, second, go, 'tcp')
    },
  }
}

async function goSide(
  stack: AsyncDisposableStack,
  programs: GoPrograms,
  { go, taught }: Pair,
  transport: TransportName,
): Promise<GossipSide> {
  const [kad, gossip] = [kademliaProtocol(NETWORK), blossomSubProtocol(NETWORK)]
  const peer = await programs.startPeer({ key: go, taught, transport, kad, gossip })
  stack.defer(() => peer.stop())
  return { name: 'Go', key: go, peer, ...GO_SAYS }
}
