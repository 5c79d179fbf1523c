/** The four BLS keys of a local network: made on first run, kept as key material in the secrets of the data directory. */
import { randomBytes } from 'node:crypto'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'
import type { Secrets } from '../data/secrets.ts'
import { LOCAL } from './local-profile.ts'

/** A member that can vote. The secret key lives in memory while the node runs. */
export interface Member {
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

/** Loads or makes the keys. Ascending addresses: the order of the bitmask (spec 11 section 4.3). */
export async function openMembers(crypto: Crypto, secrets: Secrets): Promise<readonly Member[]> {
  const members: Member[] = []
  for (let index = 0; index < LOCAL.committeeSize; index++) {
    const name = `committee-${index}`
    let material = secrets.get(name)
    if (material === undefined) {
      material = new Uint8Array(randomBytes(64))
      await secrets.put(name, material)
    }
    const pair = await crypto.generateKey(material)
    material.fill(0)
    members.push({
      address: fromHex(pair.address),
      publicKey: fromHex(pair.publicKey),
      secretKey: fromHex(pair.secretKey),
    })
  }
  return members.sort((a, b) => Buffer.compare(a.address, b.address))
}

export function committeeOf(publicKeys: readonly Uint8Array[]): EngineCommittee {
  return {
    members: publicKeys.map((publicKey) => ({
      publicKey: Buffer.from(publicKey).toString('hex'),
      weight: LOCAL.seniority.toString(),
    })),
    threshold: null,
  }
}
