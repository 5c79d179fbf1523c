/**
 * What a person pasted to trust instead of the origin's `/network.json`. Kept for this tab only (session storage) and handed to the
 * client as it is: the client checks it.
 */
import type { ClientOptions, NetworkDescription } from './client.ts'

const KEY = 'petal.trust'
/** Longest text that is taken: a committee of some hundred keys. */
const MOST_CHARACTERS = 2_000_000

type Anchors = NonNullable<ClientOptions['anchors']>

export type Pasted = { readonly network: NetworkDescription } | { readonly anchors: Anchors }

/** A whole network description has `anchors`; anchors alone have `checkpoint`. */
export function readPasted(text: string): Pasted | string {
  if (text.length > MOST_CHARACTERS) return 'That is too long to be anchors.'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'That is not JSON. Paste the text of a network.json, or its "anchors" part.'
  }
  if (typeof value !== 'object' || value === null) return 'Anchors are a JSON object.'
  if ('anchors' in value) return { network: value as NetworkDescription }
  if ('checkpoint' in value || 'committee' in value) return { anchors: value as Anchors }
  return 'There is neither "anchors" nor "checkpoint" in it.'
}

export function storedTrust(): Pasted | null {
  try {
    const text = sessionStorage.getItem(KEY)
    const pasted = text === null ? null : readPasted(text)
    return typeof pasted === 'string' ? null : pasted
  } catch {
    return null
  }
}

/** Keeps the text for the next load of this tab; null goes back to the origin. False = this browser keeps nothing. */
export function storeTrust(text: string | null): boolean {
  try {
    if (text === null) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, text)
    return true
  } catch {
    return false
  }
}
