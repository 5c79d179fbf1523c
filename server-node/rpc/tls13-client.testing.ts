/**
 * A TLS 1.3 client for one test (RFC 8446; TLS_AES_128_GCM_SHA256, X25519, Ed25519): it can show a certificate and sign with another key, which
 * every TLS library refuses to do. It checks nothing of the server.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { connect, type Socket } from 'node:net'

export interface ShownCertificate {
  readonly der: Uint8Array
  /** Signs CertificateVerify. */
  readonly key: KeyObject
}

/** What the server did with the certificate: spoke HTTP/2, sent an alert (its number), or closed. */
export type Outcome = 'http2' | 'closed' | number

const HASH_BYTES = 32
const TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, application: 23 } as const
const MESSAGE = { serverHello: 2, certificate: 11, certificateVerify: 15, finished: 20 } as const
/** SubjectPublicKeyInfo of an X25519 key before its 32 bytes. */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex')

export async function showCertificate(host: string, port: number, shown: ShownCertificate): Promise<Outcome> {
  const socket = connect({ host, port })
  try {
    return await new Handshake(socket).run(shown)
  } finally {
    socket.destroy()
  }
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff])
const lp16 = (...parts: readonly Uint8Array[]): Buffer => prefixed(u16, parts)
const lp24 = (...parts: readonly Uint8Array[]): Buffer => prefixed(u24, parts)
const lp8 = (...parts: readonly Uint8Array[]): Buffer => prefixed((length) => Buffer.from([length]), parts)

function prefixed(head: (length: number) => Buffer, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([head(body.length), body])
}

const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const state = createHash('sha256')
  for (const part of parts) state.update(part)
  return state.digest()
}
const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest()

function expandLabel(secret: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const info = Buffer.concat([u16(length), lp8(Buffer.from(`tls13 ${label}`)), lp8(context)])
  return hmac(secret, Buffer.concat([info, Buffer.from([1])])).subarray(0, length)
}

/** Keys of one direction. */
class Traffic {
  readonly secret: Buffer
  readonly #key: Buffer
  readonly #iv: Buffer
  #sequence = 0n

  constructor(secret: Buffer) {
    this.secret = secret
    this.#key = expandLabel(secret, 'key', new Uint8Array(), 16)
    this.#iv = expandLabel(secret, 'iv', new Uint8Array(), 12)
  }

  #nonce(): Buffer {
    const nonce = Buffer.from(this.#iv)
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ this.#sequence++, 4)
    return nonce
  }

  seal(type: number, content: Uint8Array): Buffer {
    const plain = Buffer.concat([content, Buffer.from([type])])
    const head = Buffer.concat([Buffer.from([TYPE.application, 3, 3]), u16(plain.length + 16)])
    const cipher = createCipheriv('aes-128-gcm', this.#key, this.#nonce()).setAAD(head)
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  open(head: Buffer, body: Buffer): { readonly type: number; readonly content: Buffer } {
    const decipher = createDecipheriv('aes-128-gcm', this.#key, this.#nonce()).setAAD(head)
    decipher.setAuthTag(body.subarray(-16))
    const plain = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()])
    let end = plain.length
    while (end > 0 && plain[end - 1] === 0) end--
    return { type: plain[end - 1] ?? 0, content: plain.subarray(0, end - 1) }
  }
}

class Handshake {
  readonly #socket: Socket
  readonly #records: AsyncGenerator<{ readonly head: Buffer; readonly body: Buffer }, void>
  readonly #transcript: Buffer[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    this.#records = records(socket)
  }

  async run({ der, key }: ShownCertificate): Promise<Outcome> {
    const own = generateKeyPairSync('x25519')
    const hello = clientHello(own.publicKey)
    this.#socket.write(Buffer.concat([Buffer.from([TYPE.handshake, 3, 1]), lp16(hello)]))
    this.#transcript.push(hello)
    const answer = await this.#record()
    if (answer === undefined) return 'closed'
    this.#transcript.push(answer.body)
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: keyShareOf(answer.body) })
    const none = hash()
    const early = hmac(Buffer.alloc(HASH_BYTES), Buffer.alloc(HASH_BYTES))
    const handshakeSecret = hmac(expandLabel(early, 'derived', none, HASH_BYTES), shared)
    const afterHello = hash(...this.#transcript)
    const client = new Traffic(expandLabel(handshakeSecret, 'c hs traffic', afterHello, HASH_BYTES))
    const server = new Traffic(expandLabel(handshakeSecret, 's hs traffic', afterHello, HASH_BYTES))
    if (!(await this.#serverFlight(server))) return 'closed'
    const master = hmac(expandLabel(handshakeSecret, 'derived', none, HASH_BYTES), Buffer.alloc(HASH_BYTES))
    const application = new Traffic(expandLabel(master, 's ap traffic', hash(...this.#transcript), HASH_BYTES))

    this.#send(client, MESSAGE.certificate, Buffer.concat([lp8(), lp24(lp24(der), lp16())]))
    const context = Buffer.from('TLS 1.3, client CertificateVerify\0')
    const signed = Buffer.concat([Buffer.alloc(64, 0x20), context, hash(...this.#transcript)])
    this.#send(client, MESSAGE.certificateVerify, Buffer.concat([u16(0x0807), lp16(sign(null, signed, key))]))
    const finishedKey = expandLabel(client.secret, 'finished', new Uint8Array(), HASH_BYTES)
    this.#send(client, MESSAGE.finished, hmac(finishedKey, hash(...this.#transcript)))
    return this.#outcome(application)
  }

  #send(traffic: Traffic, type: number, body: Buffer): void {
    const message = Buffer.concat([Buffer.from([type]), lp24(body)])
    this.#transcript.push(message)
    this.#socket.write(traffic.seal(TYPE.handshake, message))
  }

  /** Reads up to the server's Finished. */
  async #serverFlight(server: Traffic): Promise<boolean> {
    let bytes = Buffer.alloc(0)
    for (;;) {
      const record = await this.#record()
      if (record === undefined) return false
      bytes = Buffer.concat([bytes, server.open(record.head, record.body).content])
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUIntBE(1, 3)) {
        const length = 4 + bytes.readUIntBE(1, 3)
        const message = bytes.subarray(0, length)
        this.#transcript.push(Buffer.from(message))
        bytes = bytes.subarray(length)
        if (message[0] === MESSAGE.finished) return true
      }
    }
  }

  async #outcome(application: Traffic): Promise<Outcome> {
    for (;;) {
      const record = await this.#record()
      if (record === undefined) return 'closed'
      const { type, content } = application.open(record.head, record.body)
      if (type === TYPE.alert) return content[1] ?? 'closed'
      if (type === TYPE.application) return 'http2'
    }
  }

  async #record() {
    for (;;) {
      const next = await this.#records.next()
      if (next.done === true) return undefined
      if (next.value.head[0] !== TYPE.changeCipherSpec) return next.value
    }
  }
}

async function* records(socket: Socket): AsyncGenerator<{ readonly head: Buffer; readonly body: Buffer }, void> {
  let bytes = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk as Buffer])
      while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) {
        const end = 5 + bytes.readUInt16BE(3)
        yield { head: bytes.subarray(0, 5), body: bytes.subarray(5, end) }
        bytes = bytes.subarray(end)
      }
    }
  } catch {
    // A reset connection is a closed one.
  }
}

function clientHello(publicKey: KeyObject): Buffer {
  const share = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  const extension = (type: number, body: Buffer) => Buffer.concat([u16(type), lp16(body)])
  const extensions = [
    extension(0x002b, lp8(u16(0x0304))),
    extension(0x000a, lp16(u16(0x001d))),
    extension(0x000d, lp16(u16(0x0807))),
    extension(0x0033, lp16(Buffer.concat([u16(0x001d), lp16(share)]))),
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
    if (message.readUInt16BE(at) === 0x0033)
      return createPublicKey({
        key: Buffer.concat([X25519_SPKI, message.subarray(at + 8, at + 40)]),
        format: 'der',
        type: 'spki',
      })
  throw new Error('ServerHello without a key share')
}
