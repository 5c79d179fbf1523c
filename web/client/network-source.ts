/** Where the network description comes from: the embedder, an address, or, when that cannot be reached, what was stored at the last visit. */
import type { Anchors, NetworkDescription } from '@petal/core/light/anchors.ts'
import {
  DESCRIPTION_LIMITS,
  DescriptionError,
  parseNetworkDescription,
  readAnchors,
  readNetworkDescription,
} from '@petal/core/light/network-description.ts'
import type { Store } from '@petal/core/platform/store.ts'

export interface FoundNetwork {
  readonly description: NetworkDescription
  /** Sentence for the state; null when all is as wished. */
  readonly note: string | null
}

const FETCH_TIMEOUT_MILLIS = 15_000

/** Rejects with `DescriptionError`, or with an error whose text says that nothing was reached. */
export async function findNetwork(
  network: NetworkDescription | string,
  anchors: Anchors | undefined,
  store: Store | Promise<Store>,
): Promise<FoundNetwork> {
  const found =
    typeof network === 'string'
      ? await byAddress(network, store)
      : { description: readNetworkDescription(network), note: null }
  return anchors === undefined
    ? found
    : { ...found, description: { ...found.description, anchors: readAnchors(anchors, 'anchors') } }
}

async function byAddress(address: string, store: Store | Promise<Store>): Promise<FoundNetwork> {
  let text: string
  try {
    text = await fetchText(address)
  } catch (error) {
    const stored = await recall(address, await store)
    if (stored === null) throw error
    const note = 'The address of the network description cannot be reached; the one of the last visit is used.'
    return { description: parseNetworkDescription(stored), note }
  }
  const description = parseNetworkDescription(text)
  void remember(address, text, await store)
  return { description, note: null }
}

/** The text at an address, at most as long as a description may be. */
async function fetchText(address: string): Promise<string> {
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MILLIS)
  const response = await fetch(address, { cache: 'no-store', signal }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The network description at ${address} cannot be reached (${why}).`, { cause })
  })
  if (!response.ok || response.body === null) {
    throw new Error(`The network description at ${address} cannot be had (status ${response.status}).`)
  }
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    if (text.length > DESCRIPTION_LIMITS.characters) {
      await reader.cancel()
      throw new DescriptionError('size', '', `What is at ${address} is too long for a network description.`)
    }
  }
}

/** Addresses that the same network has now: nodes that start again may have others. Never changes what is trusted. */
export async function currentAddresses(address: string, known: NetworkDescription): Promise<readonly string[]> {
  try {
    const now = parseNetworkDescription(await fetchText(address))
    const same = now.network === known.network && now.profile === known.profile
    return same ? now.addresses : []
  } catch {
    return []
  }
}

/** For the next visit; that the store cannot is said elsewhere. */
async function remember(address: string, text: string, store: Store): Promise<void> {
  const value = new TextEncoder().encode(text)
  await store.batch([{ kind: 'put', key: keyOf(address), value }], 'durable').catch(() => {})
}

async function recall(address: string, store: Store): Promise<string | null> {
  const stored = await store.get(keyOf(address)).catch(() => undefined)
  return stored === undefined ? null : new TextDecoder().decode(stored)
}

function keyOf(address: string): Uint8Array {
  return new TextEncoder().encode(`network/${address}`).slice(0, 512)
}
