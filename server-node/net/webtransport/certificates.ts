/**
 * Certificates of the WebTransport listener. A browser accepts a self-signed certificate by its hash if it is valid for at most 14
 * days, so they rotate: one serves, the next is already announced, and one that served lately is still reported to peers that learnt
 * of it before. Each serves for about six days; an address that somebody wrote down works for six to twelve.
 */
import type { Secrets } from '../../data/secrets.ts'
import type { QuicAddon, WebTransportCertificate } from '../quic/addon.ts'

const DAY = 86_400_000
/** Validity of a certificate, and of the first one of all: it is replaced a day before its end, after six days. */
const VALID_DAYS = 13
const FIRST_VALID_DAYS = 7
/** No certificate serves on its last day: clocks differ, and connections take time. */
const MARGIN = DAY
const SECRET = 'webtransport-certificates'

export type CertificateMaker = Pick<QuicAddon, 'webtransportCertificate'>

export class Certificates {
  readonly #maker: CertificateMaker
  readonly #secrets: Secrets | undefined
  #all: WebTransportCertificate[]

  private constructor(maker: CertificateMaker, secrets: Secrets | undefined, all: WebTransportCertificate[]) {
    this.#maker = maker
    this.#secrets = secrets
    this.#all = all
  }

  /** With secrets, certificates outlive a restart and with them the addresses that peers know. */
  static async open(maker: CertificateMaker, secrets: Secrets | undefined, now: number): Promise<Certificates> {
    const stored = secrets?.get(SECRET)
    const certificates = new Certificates(maker, secrets, stored === undefined ? [] : parse(stored))
    await certificates.advance(now)
    return certificates
  }

  /** The one that new connections get. */
  get serving(): WebTransportCertificate {
    return this.#usable[0] as WebTransportCertificate
  }

  /** Hashes for addresses: of the serving certificate and the next. */
  get announced(): readonly Uint8Array[] {
    return this.#usable.slice(0, 2).map(({ sha256 }) => sha256)
  }

  /**
   * Hashes that a peer may have used to come here. An address names two certificates, and libp2p wants both reported even when one of
   * them has ended since: ended ones stay in the list for as long as an address with them can work.
   */
  get reported(): readonly Uint8Array[] {
    return this.#all.map(({ sha256 }) => sha256)
  }

  #usable: readonly WebTransportCertificate[] = []

  /** Drops and makes certificates as time demands. Answers whether another one serves or is announced now. */
  async advance(now: number): Promise<boolean> {
    const before = hashes(this.#usable)
    // Those of a clock that was ahead are not valid yet, so no browser has come by them.
    const all = this.#all.filter(({ notBefore, notAfter }) => notBefore <= now && notAfter + VALID_DAYS * DAY > now)
    const usable = all.filter(({ notAfter }) => notAfter - MARGIN > now)
    while (usable.length < 2) {
      const made = this.#maker.webtransportCertificate(usable.length === 0 ? FIRST_VALID_DAYS : VALID_DAYS)
      usable.push(made)
      all.push(made)
    }
    if (hashes(all) !== hashes(this.#all)) await this.#secrets?.put(SECRET, serialise(all))
    this.#all = all
    this.#usable = usable
    return before !== hashes(usable)
  }
}

function hashes(certificates: readonly WebTransportCertificate[]): string {
  return certificates.map(({ sha256 }) => Buffer.from(sha256).toString('hex')).join()
}

function serialise(certificates: readonly WebTransportCertificate[]): Uint8Array {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const entries = certificates.map(({ certificate, privateKey, sha256, notBefore, notAfter }) => ({
    certificate: base64(certificate),
    privateKey: base64(privateKey),
    sha256: base64(sha256),
    notBefore,
    notAfter,
  }))
  return Buffer.from(JSON.stringify(entries))
}

/** What cannot be read is made anew: a certificate is worth nothing but the addresses that name it. */
function parse(stored: Uint8Array): WebTransportCertificate[] {
  try {
    const bytes = (value: string) => new Uint8Array(Buffer.from(value, 'base64'))
    return JSON.parse(Buffer.from(stored).toString()).map((entry: Record<keyof WebTransportCertificate, string>) => ({
      certificate: bytes(entry.certificate),
      privateKey: bytes(entry.privateKey),
      sha256: bytes(entry.sha256),
      notBefore: Number(entry.notBefore),
      notAfter: Number(entry.notAfter),
    }))
  } catch {
    return []
  }
}
