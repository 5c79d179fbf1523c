/** Which network a peer is of, by the protocols that it lists (spec 50 sections 3 and 5). */
import { blossomSubProtocol } from '@petal/core/gossip/index.ts'
import { kademliaProtocol } from '@petal/core/identity/index.ts'

export interface NetworkVerdict {
  readonly gossip: boolean
  readonly kademlia: boolean
  /** Whether it may be of the network: it gossips there, or it gossips nowhere and has Kademlia there, as bootstrap hosts may. */
  readonly isMember: boolean
  /** For people. */
  readonly text: string
}

export const networkName = (network: number): string => (network === 0 ? 'mainnet' : `network ${network}`)

export function judgeProtocols(protocols: readonly string[], network: number): NetworkVerdict {
  const gossip = protocols.includes(blossomSubProtocol(network))
  const kademlia = protocols.includes(kademliaProtocol(network))
  const others = protocols.filter((protocol) => protocol.startsWith('/blossomsub/'))
  const isMember = gossip || (others.length === 0 && kademlia)
  const name = networkName(network)
  const texts = [
    gossip ? `gossip of ${name}: yes` : `does not speak the gossip of ${name} (${blossomSubProtocol(network)})`,
    ...(gossip || others.length === 0 ? [] : [`speaks ${others.slice(0, SHOWN).map(described).join(', ')} instead`]),
    `Kademlia (${kademliaProtocol(network)}): ${kademlia ? 'yes' : 'no, or only as a client'}`,
  ]
  return { gossip, kademlia, isMember, text: texts.join('; ') }
}

const SHOWN = 4

function described(protocol: string): string {
  const [, version = '', number] = /^\/blossomsub\/([\d.]+)(?:-network-(\d+))?$/.exec(protocol) ?? []
  if (version === '') return protocol
  if (!blossomSubProtocol(0).endsWith(`/${version}`)) return `version ${version} of it`
  return `that of ${networkName(Number(number ?? 0))}`
}
