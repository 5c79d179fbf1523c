/** The tab as a peer, the page's side: checks arguments, asks the worker, hands messages to listeners. */
import { proxy } from 'comlink'
import { ArgumentsError, type ClientError, clientError } from '../errors.ts'
import { bitmaskOf, keyFile, messageBytes, newPassphrase, passphraseOf } from './arguments.ts'
import type { GossipStatus, Peering, PeerMessage } from './peer-types.ts'
import type { Delivery, OnDeliveries, PeerAnswers, PeerOutcome, PeerWish } from './wishes.ts'

/** Asks the worker; `onDeliveries` is a Comlink proxy, the same in every call. */
type Ask = (wish: PeerWish, onDeliveries: OnDeliveries) => Promise<PeerOutcome>

export interface PeerApiParts {
  readonly ask: Ask
  /** Why nothing more will come; null while something may. */
  readonly ended: () => ClientError | null
}

export class PeerApi implements Peering {
  readonly #parts: PeerApiParts
  readonly #listeners = new Map<number, (message: PeerMessage) => void>()
  readonly #onDeliveries = proxy((deliveries: readonly Delivery[]) => this.#deliver(deliveries))
  #nextListener = 1

  constructor(parts: PeerApiParts) {
    this.#parts = parts
  }

  identity: Peering['identity'] = () => this.#ask({ kind: 'identity' })

  gossip = (): Promise<GossipStatus> => this.#ask({ kind: 'status' })

  exportIdentity: Peering['exportIdentity'] = async (passphrase) =>
    await this.#ask({ kind: 'export', passphrase: newPassphrase(passphrase) })

  importIdentity: Peering['importIdentity'] = async (file, passphrase, { replace = false } = {}) => {
    const opened = passphraseOf(passphrase, 'importIdentity')
    return await this.#ask({ kind: 'import', file: keyFile(file), passphrase: opened, replace })
  }

  forgetIdentity: Peering['forgetIdentity'] = async (peerId) => {
    if (typeof peerId !== 'string') throw new ArgumentsError('forgetIdentity: name the peer id of the identity')
    await this.#ask({ kind: 'forget', peerId })
  }

  protectIdentity: Peering['protectIdentity'] = async (by) => {
    if (by !== 'passkey' && by !== 'browser') throw new ArgumentsError("protectIdentity: by 'passkey' or 'browser'")
    if (by === 'browser') return await this.#ask({ kind: 'protect', passkey: null })
    const identity = await this.identity()
    const { createPasskey } = await import('../identity/passkey.ts')
    return await this.#ask({ kind: 'protect', passkey: await createPasskey(identity) })
  }

  unlockIdentity: Peering['unlockIdentity'] = async () => {
    const lock = await this.#ask({ kind: 'lock' })
    if (lock === null) return await this.identity()
    const { askPasskey } = await import('../identity/passkey.ts')
    return await this.#ask({ kind: 'unlock', key: await askPasskey(lock) })
  }

  publish: Peering['publish'] = async (topic, data) =>
    await this.#ask({ kind: 'publish', bitmask: bitmaskOf(topic, 'publish'), data: messageBytes(data) })

  subscribe: Peering['subscribe'] = async (topic, listener) => {
    if (typeof listener !== 'function') throw new ArgumentsError('subscribe: the listener is a function')
    const bitmask = bitmaskOf(topic, 'subscribe')
    const id = this.#nextListener++
    this.#listeners.set(id, listener)
    try {
      await this.#ask({ kind: 'subscribe', bitmask, listener: id })
    } catch (error) {
      this.#listeners.delete(id)
      throw error
    }
    return () => {
      if (this.#listeners.delete(id)) void this.#ask({ kind: 'unsubscribe', listener: id }).catch(() => {})
    }
  }

  async #ask<K extends PeerWish['kind']>(wish: Extract<PeerWish, { kind: K }>): Promise<PeerAnswers[K]> {
    const ended = this.#parts.ended()
    if (ended) throw ended
    const outcome = await this.#parts.ask(wish, this.#onDeliveries)
    if (outcome.kind === 'done') return outcome.answer as PeerAnswers[K]
    throw this.#parts.ended() ?? clientError(outcome.code, outcome.reason)
  }

  #deliver(deliveries: readonly Delivery[]): void {
    for (const { listeners, message } of deliveries) {
      for (const id of listeners) {
        try {
          this.#listeners.get(id)?.(message)
        } catch (error) {
          reportError(error)
        }
      }
    }
  }
}
