/** What a client and a server of TLS 1.3 have in common (RFC 8446; TLS_AES_128_GCM_SHA256, X25519, Ed25519), for tests. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { Socket } from 'node:net'

export interface ShownCertificate {
  readonly der: Uint8Array
  /** Signs CertificateVerify. */
  readonly key: KeyObject
}

export const HASH_BYTES = 32
export const TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, application: 23 } as const
export const MESSAGE = { serverHello: 2, certificate: 11, certificateVerify: 15, finished: 20 } as const
/** SubjectPublicKeyInfo of an X25519 key before its 32 bytes. */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex')

export const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff])
export const lp16 = (...parts: readonly Uint8Array[]): Buffer => prefixed(u16, parts)
export const lp24 = (...parts: readonly Uint8Array[]): Buffer => prefixed(u24, parts)
export const lp8 = (...parts: readonly Uint8Array[]): Buffer => prefixed((length) => Buffer.from([length]), parts)

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

export function expandLabel(secret: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const info = Buffer.concat([u16(length), lp8(Buffer.from(`tls13 ${label}`)), lp8(context)])
  return hmac(secret, Buffer.concat([info, Buffer.from([1])])).subarray(0, length)
}

/** Keys of one direction. */
export class Traffic {
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

export const x25519Of = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([X25519_SPKI, raw]), format: 'der', type: 'spki' })

export const rawOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-32)

export const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), lp16(body)])

/** One side of a handshake: records that come, and messages that go, with the transcript of both. */
export class Side {
  readonly transcript: Buffer[] = []
  readonly #socket: Socket
  readonly #records: AsyncGenerator<{ readonly head: Buffer; readonly body: Buffer }, void>

  constructor(socket: Socket) {
    this.#socket = socket
    this.#records = records(socket)
  }

  hash(): Buffer {
    return hash(...this.transcript)
  }

  /** A hello, in the clear. */
  hello(message: Buffer): void {
    this.#socket.write(Buffer.concat([Buffer.from([TYPE.handshake, 3, 3]), lp16(message)]))
    this.transcript.push(message)
  }

  send(traffic: Traffic, type: number, body: Buffer): void {
    const message = Buffer.concat([Buffer.from([type]), lp24(body)])
    this.transcript.push(message)
    this.#socket.write(traffic.seal(TYPE.handshake, message))
  }

  /** Certificate, CertificateVerify and Finished. */
  prove(traffic: Traffic, who: 'client' | 'server', { der, key }: ShownCertificate): void {
    this.send(traffic, MESSAGE.certificate, Buffer.concat([lp8(), lp24(lp24(der), lp16())]))
    const context = Buffer.from(`TLS 1.3, ${who} CertificateVerify\0`)
    const signed = Buffer.concat([Buffer.alloc(64, 0x20), context, this.hash()])
    this.send(traffic, MESSAGE.certificateVerify, Buffer.concat([u16(0x0807), lp16(sign(null, signed, key))]))
    const finishedKey = expandLabel(traffic.secret, 'finished', new Uint8Array(), HASH_BYTES)
    this.send(traffic, MESSAGE.finished, hmac(finishedKey, this.hash()))
  }

  async record() {
    for (;;) {
      const next = await this.#records.next()
      if (next.done === true) return undefined
      if (next.value.head[0] !== TYPE.changeCipherSpec) return next.value
    }
  }
}

/** Secrets after both hellos. */
export function handshakeKeys(shared: Buffer, transcript: Buffer) {
  const none = hash()
  const early = hmac(Buffer.alloc(HASH_BYTES), Buffer.alloc(HASH_BYTES))
  const secret = hmac(expandLabel(early, 'derived', none, HASH_BYTES), shared)
  return {
    client: new Traffic(expandLabel(secret, 'c hs traffic', transcript, HASH_BYTES)),
    server: new Traffic(expandLabel(secret, 's hs traffic', transcript, HASH_BYTES)),
    master: hmac(expandLabel(secret, 'derived', none, HASH_BYTES), Buffer.alloc(HASH_BYTES)),
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
