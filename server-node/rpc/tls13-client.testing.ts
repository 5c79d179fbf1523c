/**
 * A TLS 1.3 client for one test: it can show a certificate and sign with another key, which every TLS library refuses to do. It checks nothing
 * of the server.
 */
import { diffieHellman, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import {
  expandLabel,
  extension,
  HASH_BYTES,
  handshakeKeys,
  lp8,
  lp16,
  lp24,
  MESSAGE,
  rawOf,
  type ShownCertificate,
  Side,
  Traffic,
  TYPE,
  u16,
  x25519Of,
} from './tls13.testing.ts'

/** What the server did with the certificate: spoke HTTP/2, sent an alert (its number), or closed. */
export type Outcome = 'http2' | 'closed' | number

export async function showCertificate(host: string, port: number, shown: ShownCertificate): Promise<Outcome> {
  const socket = connect({ host, port })
  try {
    return await new Handshake(socket).run(shown)
  } finally {
    socket.destroy()
  }
}

class Handshake {
  readonly #side: Side

  constructor(socket: Socket) {
    this.#side = new Side(socket)
  }

  async run(shown: ShownCertificate): Promise<Outcome> {
    const own = generateKeyPairSync('x25519')
    this.#side.hello(clientHello(own.publicKey))
    const answer = await this.#side.record()
    if (answer === undefined) return 'closed'
    this.#side.transcript.push(answer.body)
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: keyShareOf(answer.body) })
    const { client, server, master } = handshakeKeys(shared, this.#side.hash())
    if (!(await this.#serverFlight(server))) return 'closed'
    const application = new Traffic(expandLabel(master, 's ap traffic', this.#side.hash(), HASH_BYTES))
    this.#side.prove(client, 'client', shown)
    return this.#outcome(application)
  }

  /** Reads up to the server's Finished. */
  async #serverFlight(server: Traffic): Promise<boolean> {
    let bytes = Buffer.alloc(0)
    for (;;) {
      const record = await this.#side.record()
      if (record === undefined) return false
      bytes = Buffer.concat([bytes, server.open(record.head, record.body).content])
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUIntBE(1, 3)) {
        const length = 4 + bytes.readUIntBE(1, 3)
        const message = bytes.subarray(0, length)
        this.#side.transcript.push(Buffer.from(message))
        bytes = bytes.subarray(length)
        if (message[0] === MESSAGE.finished) return true
      }
    }
  }

  async #outcome(application: Traffic): Promise<Outcome> {
    for (;;) {
      const record = await this.#side.record()
      if (record === undefined) return 'closed'
      const { type, content } = application.open(record.head, record.body)
      if (type === TYPE.alert) return content[1] ?? 'closed'
      if (type === TYPE.application) return 'http2'
    }
  }
}

function clientHello(publicKey: KeyObject): Buffer {
  const extensions = [
    extension(0x002b, lp8(u16(0x0304))),
    extension(0x000a, lp16(u16(0x001d))),
    extension(0x000d, lp16(u16(0x0807))),
    extension(0x0033, lp16(Buffer.concat([u16(0x001d), lp16(rawOf(publicKey))]))),
    extension(0x0010, lp16(lp8(Buffer.from('h2')))),
  ]
  const body = Buffer.concat([
    u16(0x0303),
    randomBytes(32),
    lp8(),
    lp16(u16(0x1301)),
    lp8(Buffer.from([0])),
    lp16(...extensions),
  ])
  return Buffer.concat([Buffer.from([1]), lp24(body)])
}

/** X25519 key of a ServerHello. */
function keyShareOf(message: Buffer): KeyObject {
  if (message[0] !== MESSAGE.serverHello) throw new Error(`message ${message[0]} instead of ServerHello`)
  let at = 4 + 2 + 32
  at += 1 + (message[at] ?? 0) + 2 + 1
  for (at += 2; at < message.length; at += 4 + message.readUInt16BE(at + 2))
    if (message.readUInt16BE(at) === 0x0033) return x25519Of(message.subarray(at + 8, at + 40))
  throw new Error('ServerHello without a key share')
}
