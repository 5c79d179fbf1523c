/** The tab as a peer, as signals: joins the demonstration topic, keeps the last messages, looks at the counts from time to time. */
import { type ReadonlySignal, signal } from '@preact/signals'
import {
  DEMONSTRATION_DOMAIN,
  type GossipStatus,
  hasDemonstration,
  type NetworkDescription,
  networkNumberOf,
  type Peering,
} from '../client.ts'

export interface ShownMessage {
  readonly key: number
  readonly from: string
  readonly own: boolean
  readonly text: string
  readonly at: number
}

/** What the model needs of a client. `network` is known after the first answer. */
export interface PeerClient extends Peering {
  readonly network: Pick<NetworkDescription, 'network'> | null
}

export interface PeerModel {
  readonly client: PeerClient
  readonly status: ReadonlySignal<GossipStatus | null>
  readonly joined: ReadonlySignal<boolean>
  readonly messages: ReadonlySignal<readonly ShownMessage[]>
  /** Starts gossip where the network has a topic for it; makes the identity when there is none. */
  join(): Promise<void>
  leave(): void
  /** Signs a text and sends it; answers to how many nodes. */
  send(text: string): Promise<number>
  refresh(): Promise<void>
  close(): void
}

/** Messages that are shown. */
const MOST_MESSAGES = 20
/** Longest text that is shown of one. */
export const MOST_CHARACTERS = 280
const LOOK_MILLIS = 2000
const TOPIC = { domain: DEMONSTRATION_DOMAIN } as const
/** Only the wish is remembered here, never a key. Nothing is loaded for who never took part. */
const REMEMBERED = 'petal.gossip'
type Wish = 'joined' | 'left'

/** Whether nodes pass the demonstration topic on; null before the network is known. */
export function canTakePart({ network }: Pick<PeerClient, 'network'>): boolean | null {
  return network && hasDemonstration(networkNumberOf(network.network))
}

export function createPeerModel(client: PeerClient): PeerModel {
  const status = signal<GossipStatus | null>(null)
  const joined = signal(false)
  const messages = signal<readonly ShownMessage[]>([])
  let joining: Promise<void> | null = null
  let end: (() => void) | null = null
  let closed = false
  let keys = 0

  const show = (from: string, own: boolean, data: Uint8Array, at: number): void => {
    const text = new TextDecoder().decode(data).slice(0, MOST_CHARACTERS)
    messages.value = [{ key: keys++, from, own, text, at }, ...messages.value].slice(0, MOST_MESSAGES)
  }
  const refresh = async (): Promise<void> => {
    const now = await client.gossip()
    if (closed) return
    status.value = now
    // In another tab: this one takes part no more. Somebody has to ask for a new identity.
    if (now.forgotten && joined.value) model.leave()
  }
  const timer = setInterval(() => {
    if (joined.value) refresh().catch(() => {})
  }, LOOK_MILLIS)
  const subscribe = async (): Promise<void> => {
    await refresh()
    if (status.value?.locked === true || end !== null || canTakePart(client) === false) return
    await client.identity()
    const subscribed = await client.subscribe(TOPIC, ({ from, data, receivedAt }) =>
      show(from, from === status.value?.identity?.peerId, data, receivedAt),
    )
    if (closed) return subscribed()
    end = subscribed
    joined.value = true
    remember('joined')
    await refresh()
  }

  const model: PeerModel = {
    client,
    status,
    joined,
    messages,
    join() {
      joining ??= subscribe().finally(() => {
        joining = null
      })
      return joining
    },
    leave() {
      end?.()
      end = null
      joined.value = false
      remember('left')
      refresh().catch(() => {})
    },
    async send(text) {
      const data = new TextEncoder().encode(text)
      const nodes = await client.publish(TOPIC, data)
      show(status.value?.identity?.peerId ?? '', true, data, Date.now())
      await refresh()
      return nodes
    },
    refresh,
    close() {
      closed = true
      clearInterval(timer)
      end?.()
    },
  }
  const wish = remembered()
  if (wish !== null) (wish === 'joined' ? model.join() : refresh()).catch(() => {})
  return model
}

function remember(wish: Wish): void {
  try {
    localStorage.setItem(REMEMBERED, wish)
  } catch {
    // Private mode: the wish holds for this page only.
  }
}

function remembered(): Wish | null {
  try {
    const wish = localStorage.getItem(REMEMBERED)
    return wish === 'joined' || wish === 'left' ? wish : null
  } catch {
    return null
  }
}
