/** STUN of somebody who speaks WebRTC-direct no further than that (RFC 8489; ICE, RFC 8445), on a raw UDP socket. */
import { createHash, createHmac } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { crc32 } from 'node:zlib'

const HEAD_BYTES = 20
const COOKIE = Buffer.from([0x21, 0x12, 0xa4, 0x42])
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const USERNAME = 0x0006
const MESSAGE_INTEGRITY = 0x0008
const XOR_MAPPED_ADDRESS = 0x0020
const PRIORITY = 0x0024
const USE_CANDIDATE = 0x0025
const FINGERPRINT = 0x8028
const ICE_CONTROLLING = 0x802a
const FINGERPRINT_XOR = 0x5354554e

/** Name of a would-be peer connection: both ends of WebRTC-direct use it as user and as password. */
export const ufragOf = (number: number): string => `libp2p+webrtc+v1/${number.toString(36).padStart(32, '0')}`

function attribute(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

function message(type: number, transaction: Uint8Array, attributes: readonly Buffer[], password: string): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  const open = Buffer.concat([head, COOKIE, transaction, ...attributes])
  // The length counts what is covered and the attribute itself.
  open.writeUInt16BE(open.length - HEAD_BYTES + 24, 2)
  const signed = Buffer.concat([open, attribute(MESSAGE_INTEGRITY, createHmac('sha1', password).update(open).digest())])
  signed.writeUInt16BE(signed.length - HEAD_BYTES + 8, 2)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE((crc32(signed) ^ FINGERPRINT_XOR) >>> 0)
  return Buffer.concat([signed, attribute(FINGERPRINT, sum)])
}

/** A request as a tab sends it first; the same number makes the same bytes. */
export function bindingRequest(number: number): Buffer {
  const ufrag = ufragOf(number)
  const bytes = createHash('sha256').update(ufrag).digest()
  return message(
    BINDING_REQUEST,
    bytes.subarray(0, 12),
    [
      attribute(PRIORITY, Buffer.from([0x6e, 0x0f, 0xff, 0xff])),
      attribute(ICE_CONTROLLING, bytes.subarray(12, 20)),
      attribute(USE_CANDIDATE, Buffer.alloc(0)),
      attribute(USERNAME, Buffer.from(`${ufrag}:${ufrag}`)),
    ],
    ufrag,
  )
}

function ufragIn(packet: Buffer): string | undefined {
  for (let at = HEAD_BYTES; at + 4 <= packet.length; ) {
    const length = packet.readUInt16BE(at + 2)
    if (packet.readUInt16BE(at) === USERNAME) return packet.toString('utf8', at + 4, at + 4 + length).split(':')[0]
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return undefined
}

export interface StunPeer {
  readonly port: number
  /** Names that the node has asked about: those it has a peer connection for. */
  readonly taken: ReadonlySet<string>
  /** Resolves when the datagram is handed to the system. */
  send(bytes: Uint8Array): Promise<void>
  close(): void
}

export interface StunPeerOptions {
  /** Of the node. */
  readonly to: number
  /** This machine's own addresses, of which Linux has all of 127.0.0.0/8. */
  readonly from?: string
  /** Whether the node's checks are answered, so that ICE completes. */
  readonly answers?: boolean
}

export async function stunPeer({ to, from = '127.0.0.1', answers = false }: StunPeerOptions): Promise<StunPeer> {
  const socket: Socket = createSocket('udp4')
  const taken = new Set<string>()
  socket.on('message', (packet, { port, address }) => {
    if (packet.length < HEAD_BYTES || packet.readUInt16BE(0) !== BINDING_REQUEST) return
    const ufrag = ufragIn(packet)
    if (ufrag === undefined) return
    taken.add(ufrag)
    if (!answers) return
    const mapped = Buffer.from([0, 1, 0, 0, ...address.split('.').map(Number)])
    mapped.writeUInt16BE(port ^ COOKIE.readUInt16BE(0), 2)
    for (let at = 0; at < 4; at++) mapped[4 + at] = (mapped[4 + at] ?? 0) ^ (COOKIE[at] ?? 0)
    socket.send(
      message(BINDING_SUCCESS, packet.subarray(8, HEAD_BYTES), [attribute(XOR_MAPPED_ADDRESS, mapped)], ufrag),
      port,
      address,
    )
  })
  await new Promise<void>((resolve) => socket.bind(0, from, resolve))
  return {
    port: socket.address().port,
    taken,
    send: (bytes) =>
      new Promise((resolve, reject) =>
        socket.send(bytes, to, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
      ),
    close: () => socket.close(),
  }
}
