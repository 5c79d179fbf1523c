/** Addresses that nodes dial each other at, as multiaddr text (spec 50 sections 2 and 3): strict, bounded, no I/O. */
import { base58Decode } from '../identity/base58.ts'

export const PEER_ADDRESS_LIMITS = {
  /** Characters of an address. */
  characters: 512,
  /** Characters of a name in it, and of one label of the name. */
  name: 253,
  label: 63,
} as const

export type HostKind = 'ip4' | 'ip6' | 'dns' | 'dns4' | 'dns6'
export type DialledTransport = 'tcp' | 'quic' | 'websocket'

export interface PeerAddress {
  /** The whole address. */
  readonly text: string
  readonly hostKind: HostKind
  /** An IP address, or a name for the kinds of `dns`. */
  readonly host: string
  readonly port: number
  readonly transport: DialledTransport
  /** What follows the port, without the peer id: `/quic-v1`, `/ws`, .. or nothing. */
  readonly tail: string
  /** Base58; null where the address names no peer. */
  readonly peerId: string | null
}

export type PeerAddressErrorCode =
  | 'length' // longer than any address may be
  | 'form' // not host, port and transport of a node
  | 'host' // the host is no IP address or name
  | 'port' // not 1 to 65535
  | 'transport' // a way to connect that nodes do not use
  | 'peerId' // what follows /p2p/ is no peer id, or it is missing where it is needed

/** An address cannot be used. The text repeats it, cut to a readable length. */
export class PeerAddressError extends Error {
  readonly code: PeerAddressErrorCode

  constructor(code: PeerAddressErrorCode, address: string, reason: string) {
    super(`${JSON.stringify(address.slice(0, SHOWN))}: ${reason}`)
    this.name = 'PeerAddressError'
    this.code = code
  }
}

const SHOWN = 120
const LAST_PORT = 65_535

/** What may follow the port, and the transport that it means. WebTransport and WebRTC-direct are ways of browsers. */
const TRANSPORTS: Readonly<Record<string, DialledTransport>> = {
  'udp /quic-v1': 'quic',
  'tcp ': 'tcp',
  'tcp /ws': 'websocket',
  'tcp /wss': 'websocket',
  'tcp /tls/ws': 'websocket',
}

const HOSTS: Readonly<Record<HostKind, (text: string) => boolean>> = {
  ip4: isIp4,
  ip6: isIp6,
  dns: isName,
  dns4: isName,
  dns6: isName,
}

/** Reads an address. Throws `PeerAddressError`. */
export function readPeerAddress(text: string): PeerAddress {
  const fail = (code: PeerAddressErrorCode, reason: string): never => {
    throw new PeerAddressError(code, text, reason)
  }
  if (text.length > PEER_ADDRESS_LIMITS.characters)
    return fail('length', `${text.length} characters, at most ${PEER_ADDRESS_LIMITS.characters} are read`)
  const [before = '', kind = '', host = '', layer = '', number = '', ...rest] = text.split('/')
  if (before !== '' || !isHostKind(kind) || (layer !== 'tcp' && layer !== 'udp'))
    return fail('form', 'not an address like /ip4/192.0.2.1/udp/8336/quic-v1/p2p/Qm..')
  if (!HOSTS[kind](host)) return fail('host', `${JSON.stringify(host)} does not fit /${kind}/`)
  const port = Number(number)
  if (!/^[1-9]\d{0,4}$/.test(number) || port > LAST_PORT) return fail('port', 'the port is not a number of 1 to 65535')
  const at = rest.indexOf('p2p')
  const peerId = at === -1 ? null : rest.slice(at + 1).join('/')
  if (peerId !== null && !isPeerIdText(peerId)) return fail('peerId', 'what follows /p2p/ is no peer id')
  const tail = (at === -1 ? rest : rest.slice(0, at)).map((part) => `/${part}`).join('')
  const transport = Object.hasOwn(TRANSPORTS, `${layer} ${tail}`) ? TRANSPORTS[`${layer} ${tail}`] : undefined
  if (transport === undefined)
    return fail(
      'transport',
      'nodes dial /udp/PORT/quic-v1, /tcp/PORT, /tcp/PORT/ws, /tcp/PORT/wss and /tcp/PORT/tls/ws',
    )
  return { text, hostKind: kind, host, port, transport, tail, peerId }
}

/** Length of a multihash of SHA2-256, and of the identity "hash" of an Ed25519 or secp256k1 key as stock libp2p peers have it. */
const DIGEST_ID_BYTES = 34
const ED25519_ID_BYTES = 38
const SECP256K1_ID_BYTES = 39
const DIGEST_PREFIX = [0x12, 0x20]
const ED25519_PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const SECP256K1_PREFIX = [0x00, 0x25, 0x08, 0x02, 0x12, 0x21]
/** Longest text that can spell any of them. */
const LONGEST_ID = 53

/** Whether a text is a peer id: `Qm..` of an Ed448 or RSA key, `12D3Koo..` of an Ed25519 key, `16Uiu2..` of a secp256k1 key. */
export function isPeerIdText(text: string): boolean {
  const bytes = text.length <= LONGEST_ID ? base58Decode(text) : null
  if (bytes === null) return false
  const startsWith = (prefix: readonly number[]) => prefix.every((byte, index) => bytes[index] === byte)
  return (
    (bytes.length === DIGEST_ID_BYTES && startsWith(DIGEST_PREFIX)) ||
    (bytes.length === ED25519_ID_BYTES && startsWith(ED25519_PREFIX)) ||
    (bytes.length === SECP256K1_ID_BYTES && startsWith(SECP256K1_PREFIX))
  )
}

function isHostKind(text: string): text is HostKind {
  return Object.hasOwn(HOSTS, text)
}

function isIp4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

const IP6_GROUPS = 8

/** Groups of hex digits, one `::` at most, perhaps an IPv4 address at the end. */
function isIp6(text: string): boolean {
  const last = text.slice(text.lastIndexOf(':') + 1)
  if (last.includes('.')) return isIp4(last) && isIp6(`${text.slice(0, text.lastIndexOf(':') + 1)}0:0`)
  const halves = text.split('::')
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (halves.length > 2 || !groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length < IP6_GROUPS : groups.length === IP6_GROUPS
}

function isName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.')
  const isLabel = (label: string) =>
    label.length <= PEER_ADDRESS_LIMITS.label && /^[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?$/.test(label)
  return text.length <= PEER_ADDRESS_LIMITS.name && labels.every(isLabel)
}
