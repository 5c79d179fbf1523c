/** This node's certificate in the form that Node's TLS takes (spec 51 section 1). */
import { randomBytes } from 'node:crypto'
import type { Ed448Signer, Identity } from '@petal/core/identity/index.ts'
import { makeCertificate } from '../keys/certificate.ts'

/** PEM of the certificate and of its key. The key is secret. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
}

const DAY_MILLIS = 86_400_000
const VALID_DAYS = 365
const SERIAL_BYTES = 16
const LINE = 64

/** A new certificate of the identity; peers look at neither its dates nor its serial number. */
export function tlsMaterial(identity: Identity, engine: Ed448Signer, now: number = Date.now()): TlsMaterial {
  const { der, privateKey } = makeCertificate(identity, engine, {
    notBefore: new Date(now - DAY_MILLIS),
    notAfter: new Date(now + VALID_DAYS * DAY_MILLIS),
    serial: randomBytes(SERIAL_BYTES),
  })
  return { cert: pem(der), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

function pem(der: Uint8Array): string {
  const text = Buffer.from(der).toString('base64')
  const lines = text.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
