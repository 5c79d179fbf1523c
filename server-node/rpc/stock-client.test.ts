/** Stock gRPC clients (grpc-js with proto-loader) at the peer listener, and what callers without a valid identity are told (RPC-02, RPC-07). */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { load } from '@grpc/proto-loader'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCertificate } from '../keys/certificate.ts'
import { type TlsMaterial, tlsMaterial } from './own-certificate.ts'
import type { PeerServer } from './peer-server.ts'
import { engine, HOST, identityOf, OTHER, SERVER, startTestRpc } from './testing.ts'
import { showCertificate } from './tls13-client.testing.ts'

const PROTO = fileURLToPath(new URL('../../core/proto', import.meta.url))
const DAY = 86_400_000

let server: PeerServer
let GlobalService: grpc.ServiceClientConstructor
const refused: string[] = []
beforeAll(async () => {
  const definition = await load('node/global_service.proto', { includeDirs: [PROTO], longs: String })
  const loaded = grpc.loadPackageDefinition(definition)
  const path = ['quilibrium', 'node', 'global', 'pb']
  const folder = path.reduce((at, name) => at[name] as grpc.GrpcObject, loaded)
  GlobalService = folder.GlobalService as grpc.ServiceClientConstructor
  server = await startTestRpc({
    onEvent: (event) => {
      if (event.event === 'refused') refused.push(event.reason)
    },
  })
})
afterAll(() => server.stop())

/** One unary call by grpc-js; the answer, or its error. */
async function call(method: string, request: object, material?: TlsMaterial): Promise<object> {
  const credentials = grpc.credentials.createSsl(
    null,
    material === undefined ? null : Buffer.from(material.key),
    material === undefined ? null : Buffer.from(material.cert),
    { rejectUnauthorized: false, checkServerIdentity: () => undefined },
  )
  const client = new GlobalService(`${HOST}:${server.port}`, credentials, {
    'grpc.ssl_target_name_override': 'localhost',
  })
  const unary = client[method] as (
    request: object,
    done: (error: grpc.ServiceError | null, answer: object) => void,
  ) => void
  try {
    return await new Promise((resolve) => unary.call(client, request, (error, answer) => resolve(error ?? answer)))
  } finally {
    client.close()
  }
}

test('a stock client is answered, and refused by the codes of the policies', async () => {
  const own = tlsMaterial(SERVER, engine)
  const other = tlsMaterial(OTHER, engine)
  expect(await call('getWorkerInfo', {}, own)).toEqual({})
  expect(await call('getWorkerInfo', {}, other)).toMatchObject({ code: grpc.status.PERMISSION_DENIED })
  expect(await call('getGlobalFrame', { frameNumber: '99' }, other)).toMatchObject({ code: grpc.status.NOT_FOUND })
  expect(await call('submitGlobalMessage', { data: Buffer.from('x') }, other)).toMatchObject({
    code: grpc.status.UNIMPLEMENTED,
    details: expect.stringContaining('execution'),
  })
})

test('RPC-07 no certificate, and one whose cross signature is wrong: UNAUTHENTICATED', async () => {
  expect(await call('getGlobalFrame', {})).toMatchObject({
    code: grpc.status.UNAUTHENTICATED,
    details: expect.stringContaining('no certificate'),
  })
  const wrong = tlsMaterial(OTHER, {
    ed448PublicKey: (seed) => engine.ed448PublicKey(seed),
    ed448Sign: (seed, message) => engine.ed448Sign(seed, message.subarray(1)),
  })
  expect(await call('getGlobalFrame', {}, wrong)).toMatchObject({
    code: grpc.status.UNAUTHENTICATED,
    details: expect.stringContaining('did not sign'),
  })
  expect(refused).toContain('stranger')
})

test('RPC-02 a valid certificate is worth nothing without its private key', async () => {
  const options = {
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
    serial: randomBytes(16),
  }
  const borrowed = makeCertificate(identityOf(9), engine, options)
  // The same client gets through with the right key: it is the signature alone that fails.
  expect(await showCertificate(HOST, server.port, { der: borrowed.der, key: borrowed.privateKey })).toBe('http2')
  const { privateKey } = generateKeyPairSync('ed25519')
  const before = refused.length
  const outcome = await showCertificate(HOST, server.port, { der: borrowed.der, key: privateKey })
  expect(outcome).not.toBe('http2')
  expect(outcome).toBe(DECRYPT_ERROR)
  expect(refused.slice(before)).toEqual(['handshake'])
})

/** Alert 51: a signature that does not verify (RFC 8446 section 6.2). */
const DECRYPT_ERROR = 51
