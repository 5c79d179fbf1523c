/**
 * A TLS 1.3 server for one test: it can show a certificate and sign with another key, which every TLS library refuses to do. It asks for no
 * certificate, and hangs up at the first word of the client after the handshake.
 */
import { diffieHellman, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  extension,
  handshakeKeys,
  lp8,
  lp16,
  MESSAGE,
  rawOf,
  type ShownCertificate,
  Side,
  u16,
  x25519Of,
} from './tls13.testing.ts'

const ENCRYPTED_EXTENSIONS = 8
const [KEY_SHARE, X25519] = [0x0033, 0x001d]

/** Shows a certificate to the client of a connection. */
export async function answerWithCertificate(socket: Socket, shown: ShownCertificate): Promise<void> {
  const side = new Side(socket)
  const hello = await side.record()
  if (hello === undefined) return
  side.transcript.push(hello.body)
  const { session, share } = readClientHello(hello.body)
  const own = generateKeyPairSync('x25519')
  side.hello(serverHello(session, own.publicKey))
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: x25519Of(share) })
  const { server } = handshakeKeys(shared, side.hash())
  side.send(server, ENCRYPTED_EXTENSIONS, lp16(extension(0x0010, lp16(lp8(Buffer.from('h2'))))))
  side.prove(server, 'server', shown)
  await side.record()
  socket.destroy()
}

function serverHello(session: Buffer, publicKey: KeyObject): Buffer {
  const extensions = [
    extension(0x002b, u16(0x0304)),
    extension(KEY_SHARE, Buffer.concat([u16(X25519), lp16(rawOf(publicKey))])),
  ]
  const body = [u16(0x0303), randomBytes(32), lp8(session), u16(0x1301), Buffer.from([0]), lp16(...extensions)]
  const length = Buffer.concat(body).length
  return Buffer.concat([Buffer.from([MESSAGE.serverHello, 0]), u16(length), ...body])
}

/** Session id of a ClientHello, and its X25519 key. */
function readClientHello(message: Buffer): { readonly session: Buffer; readonly share: Buffer } {
  const start = 4 + 2 + 32
  const session = message.subarray(start + 1, start + 1 + message.readUInt8(start))
  let at = start + 1 + session.length
  at += 2 + message.readUInt16BE(at)
  at += 1 + message.readUInt8(at)
  for (at += 2; at < message.length; at += 4 + message.readUInt16BE(at + 2)) {
    if (message.readUInt16BE(at) !== KEY_SHARE) continue
    const end = at + 4 + message.readUInt16BE(at + 2)
    for (let entry = at + 6; entry < end; entry += 4 + message.readUInt16BE(entry + 2))
      if (message.readUInt16BE(entry) === X25519) return { session, share: message.subarray(entry + 4, entry + 36) }
  }
  throw new Error('a ClientHello without an X25519 key')
}
