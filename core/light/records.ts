/**
 * How headers and evidence are kept in a `Store`. Keys begin with the network and its genesis, so that two networks of one name
 * never mix; the number at the end is big-endian, so that keys are in the order of frames.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { RangeOptions, Store, StoreOperation } from '../platform/store.ts'
import type { NetworkDescription } from './anchors.ts'
import type { StoredCommittee, StoredEvidence, StoredHeader, StoredSize, StoredState } from './events.ts'
import { WIRE_LIMITS } from './wire-limits.ts'

const VERSION = 1
const HEADER = 0x68 // 'h'
const EVIDENCE = 0x65 // 'e'
const COMMITTEE = 0x63 // 'c'
/** Members of a committee that is kept, and the longest record of one: a member takes some 1,200 characters. */
const MOST_MEMBERS = 1024
const COMMITTEE_BYTES = 2 << 20

/** Beginning of all keys of a network. */
export function storePrefix(description: NetworkDescription): Uint8Array {
  const { network, profile, anchors } = description
  const name = `${network}\n${profile}\n${anchors.rules.genesisIdentity}`
  return concatBytes(utf8ToBytes('light/'), sha256(utf8ToBytes(name)).subarray(0, 16))
}

function headerKey(prefix: Uint8Array, number: bigint): Uint8Array {
  const key = new Uint8Array(prefix.length + 9)
  key.set(prefix)
  key[prefix.length] = HEADER
  new DataView(key.buffer).setBigUint64(prefix.length + 1, number)
  return key
}

function evidenceKey(prefix: Uint8Array): Uint8Array {
  return concatBytes(prefix, Uint8Array.of(EVIDENCE))
}

export function putHeader(prefix: Uint8Array, number: bigint, stored: StoredHeader): StoreOperation {
  const value = concatBytes(Uint8Array.of(VERSION, stored.timeProof ? 1 : 0), stored.bytes)
  return { kind: 'put', key: headerKey(prefix, number), value }
}

export function deleteHeader(prefix: Uint8Array, number: bigint): StoreOperation {
  return { kind: 'delete', key: headerKey(prefix, number) }
}

export function putEvidence(prefix: Uint8Array, evidence: StoredEvidence): StoreOperation {
  const text = JSON.stringify({
    frame: evidence.frame.toString(),
    first: bytesToHex(evidence.first),
    second: bytesToHex(evidence.second),
    reason: evidence.reason,
    at: evidence.at,
  })
  return { kind: 'put', key: evidenceKey(prefix), value: utf8ToBytes(text) }
}

/** The header of that number, or null when there is none that can be read. Rejects with `StoreError`. */
export async function loadHeader(store: Store, prefix: Uint8Array, number: bigint): Promise<StoredHeader | null> {
  const value = await store.get(headerKey(prefix, number))
  return value === undefined ? null : readHeader(value)
}

/** What is left of the last session: the newest `count` headers, and evidence. Rejects with `StoreError`. */
export async function loadState(store: Store, prefix: Uint8Array, count: number): Promise<StoredState> {
  const newest: StoredHeader[] = []
  for await (const { value } of store.range({ ...headerRange(prefix), reverse: true, limit: count })) {
    const stored = readHeader(value)
    if (stored !== null) newest.push(stored)
  }
  const evidence = await store.get(evidenceKey(prefix))
  return { newest, evidence: evidence === undefined ? null : readEvidence(evidence) }
}

/** Number and size of every stored header, newest first. Reads all of them. Rejects with `StoreError`. */
export async function loadSizes(store: Store, prefix: Uint8Array): Promise<readonly StoredSize[]> {
  const sizes: StoredSize[] = []
  for await (const { key, value } of store.range({ ...headerRange(prefix), reverse: true })) {
    if (key.length !== prefix.length + 9) continue
    const number = new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(prefix.length + 1)
    sizes.push([number, value.length])
  }
  return sizes
}

/** Null when the committee is too large to be kept. */
export function putCommittee(prefix: Uint8Array, stored: StoredCommittee): StoreOperation | null {
  if (stored.members.length > MOST_MEMBERS) return null
  const text = JSON.stringify({ ...stored, version: VERSION, frame: `${stored.frame}`, rank: `${stored.rank}` })
  return { kind: 'put', key: committeeKey(prefix), value: utf8ToBytes(text) }
}

/** What an earlier session followed to; null when there is none that can be read. Rejects with `StoreError`. */
export async function loadCommittee(store: Store, prefix: Uint8Array): Promise<StoredCommittee | null> {
  const value = await store.get(committeeKey(prefix))
  return value === undefined || value.length > COMMITTEE_BYTES ? null : readCommittee(value)
}

function committeeKey(prefix: Uint8Array): Uint8Array {
  return concatBytes(prefix, Uint8Array.of(COMMITTEE))
}

function readCommittee(value: Uint8Array): StoredCommittee | null {
  try {
    const { version, checkpoint, frame, rank, identity, root, members } = JSON.parse(
      new TextDecoder().decode(value),
    ) as Record<string, unknown>
    if (version !== VERSION || !Array.isArray(members) || members.length > MOST_MEMBERS) return null
    if (![checkpoint, frame, rank].every((text) => typeof text === 'string')) return null
    if (!isHex(identity, 32) || !(isHex(root, 64) || isHex(root, 74))) return null
    const sound = members.every((m: unknown): m is StoredCommittee['members'][number] => {
      const { publicKey, weight } = (m ?? {}) as Record<string, unknown>
      return isHex(publicKey, 585) && typeof weight === 'string' && /^[0-9]{1,20}$/.test(weight)
    })
    if (!sound) return null
    const point = { checkpoint: String(checkpoint), frame: BigInt(String(frame)), rank: BigInt(String(rank)) }
    return { ...point, identity, root, members }
  } catch {
    return null
  }
}

const isHex = (value: unknown, bytes: number): value is string =>
  typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)

function headerRange(prefix: Uint8Array): Pick<RangeOptions, 'from' | 'to'> {
  return { from: headerKey(prefix, 0n), to: concatBytes(prefix, Uint8Array.of(HEADER + 1)) }
}

function readHeader(value: Uint8Array): StoredHeader | null {
  if (value.length < 3 || value.length > WIRE_LIMITS.headerBytes + 2 || value[0] !== VERSION) return null
  return { bytes: value.slice(2), timeProof: value[1] === 1 }
}

function readEvidence(value: Uint8Array): StoredEvidence | null {
  try {
    const { frame, first, second, reason, at } = JSON.parse(new TextDecoder().decode(value)) as Record<string, unknown>
    if (typeof reason !== 'string' || typeof at !== 'number' || typeof frame !== 'string') return null
    if (typeof first !== 'string' || typeof second !== 'string') return null
    return { frame: BigInt(frame), first: hexToBytes(first), second: hexToBytes(second), reason, at }
  } catch {
    return null
  }
}
