/** A WebTransport node and certificates whose clock is in a test's hands. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { identify } from '@libp2p/identify'
import type { Listener, Transport } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { createLibp2p } from 'libp2p'
import { loadAddon } from '../../crypto/addon.ts'
import type { Frames } from '../../testing/frames.ts'
import { LightService } from '../light-service.ts'
import { DEFAULT_NET_LIMITS } from '../limits.ts'
import type { WebTransportCertificate } from '../quic/addon.ts'
import { udpTransports } from '../quic/index.ts'
import { type CertificateMaker, Certificates } from './certificates.ts'
import { WebTransportListener } from './listener.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const COMMON_NAME = '2.5.4.3'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

export interface Clock {
  now: number
}

/** Makes certificates as the addon does, but for the time of a clock that may be wrong. */
export class DatedMaker implements CertificateMaker {
  readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  webtransportCertificate(days: number): WebTransportCertificate {
    const notBefore = Math.floor((this.clock.now - HOUR) / 1000) * 1000
    const notAfter = notBefore + days * DAY
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 })
    const type = COMMON_NAME
    const value = new AttributeValue({ utf8String: 'test' })
    const name = new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value })])])
    const names = AsnConvert.serialize(new SubjectAlternativeName([new GeneralName({ dNSName: 'localhost' })]))
    const tbsCertificate = new TBSCertificate({
      version: Version.v3,
      serialNumber: Uint8Array.of(1).buffer,
      signature: algorithm,
      issuer: name,
      subject: name,
      validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notAfter) }),
      subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo),
      // Chromium takes none without an extension.
      extensions: new Extensions([new Extension({ extnID: id_ce_subjectAltName, extnValue: new OctetString(names) })]),
    })
    const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey)
    const made = new Certificate({
      tbsCertificate,
      signatureAlgorithm: algorithm,
      signatureValue: Uint8Array.from(signature).buffer,
    })
    const certificate = new Uint8Array(AsnConvert.serialize(made))
    return {
      certificate,
      privateKey: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
      sha256: new Uint8Array(createHash('sha256').update(certificate).digest()),
      notBefore,
      notAfter,
    }
  }
}

export interface WebTransportNode {
  readonly clock: Clock
  readonly certificates: Certificates
  readonly listener: WebTransportListener
  /** As it is announced now. */
  address(): string
}

/** Listens for WebTransport only; stops with the stack. */
export async function webTransportNode(
  maker: CertificateMaker,
  frames: Frames,
  stack: AsyncDisposableStack,
  clock: Clock = { now: Date.now() },
): Promise<WebTransportNode> {
  const addon = loadAddon()
  const certificates = await Certificates.open(maker, undefined, clock.now)
  let listener: WebTransportListener | undefined
  const capture = (transport: Transport): Transport => {
    const create = transport.createListener.bind(transport)
    transport.createListener = (options): Listener => {
      const created = create(options)
      if (created instanceof WebTransportListener) listener = created
      return created
    }
    return transport
  }
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/udp/0/quic-v1/webtransport'] },
    transports: [
      (components) =>
        capture(
          udpTransports({ addon, certificates, limits: DEFAULT_NET_LIMITS, now: () => clock.now }).webTransport(
            components,
          ),
        ),
    ],
    connectionEncrypters: [noise()],
    services: { identify: identify() },
  })
  const service = new LightService(frames, DEFAULT_NET_LIMITS, () => [])
  await service.register(node)
  stack.defer(async () => {
    await service.stop()
    await node.stop()
  })
  if (listener === undefined) throw new Error('no listener was made')
  return { clock, certificates, listener, address: () => String(node.getMultiaddrs()[0]) }
}
