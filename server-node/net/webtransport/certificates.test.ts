import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Secrets } from '../../data/secrets.ts'
import { type CertificateMaker, Certificates } from './certificates.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

/** Makes certificates at the time it is told; the hash is their serial number. */
class Maker implements CertificateMaker {
  now = 0
  made = 0
  webtransportCertificate(days: number) {
    const sha256 = new Uint8Array(32).fill(++this.made)
    const notBefore = this.now - HOUR
    const bytes = new Uint8Array([this.made])
    return { certificate: bytes, privateKey: bytes, sha256, notBefore, notAfter: notBefore + days * DAY }
  }
}

const names = (hashes: readonly Uint8Array[]) => hashes.map((hash) => hash[0])

test('two are announced, the serving one is never in its last day, and an address works for at least six days less an hour', async () => {
  const maker = new Maker()
  const certificates = await Certificates.open(maker, undefined, 0)
  const seen: { at: number; announced: readonly (number | undefined)[] }[] = []
  for (let hour = 0; hour < 24 * 60; hour += 5) {
    maker.now = hour * HOUR
    await certificates.advance(maker.now)
    const { serving, announced, reported } = certificates
    expect(announced).toHaveLength(2)
    expect(announced[0]).toBe(serving.sha256)
    expect(serving.notBefore).toBeLessThanOrEqual(maker.now)
    expect(serving.notAfter - maker.now).toBeGreaterThan(DAY)
    expect(serving.notAfter - serving.notBefore).toBeLessThanOrEqual(14 * DAY)
    seen.push({ at: maker.now, announced: names(announced) })
    for (const { at, announced: earlier } of seen) {
      if (at < maker.now - 6 * DAY + 2 * HOUR) continue
      expect(earlier, `address of ${at} at ${maker.now}`).toContain(serving.sha256[0])
      // The handshake reports every hash that the peer may have used.
      expect(names(reported)).toEqual(expect.arrayContaining([...earlier]))
    }
  }
  expect(maker.made).toBeLessThan(14)
})

test('certificates outlive a restart; after long silence new ones are made', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-cert-'))
  try {
    const maker = new Maker()
    const first = await Certificates.open(maker, await Secrets.open(directory), 0)
    const again = await Certificates.open(maker, await Secrets.open(directory), 5 * DAY)
    expect(again.announced).toEqual(first.announced)
    expect(again.serving).toEqual(first.serving)
    maker.now = 100 * DAY
    const late = await Certificates.open(maker, await Secrets.open(directory), maker.now)
    expect(names(late.reported)).toEqual([3, 4])
  } finally {
    await rm(directory, { recursive: true })
  }
})
