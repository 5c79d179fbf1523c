/** A peer that speaks frames of BlossomSub on bare streams: it sends what it is told and tells what came. */
import { randomBytes } from 'node:crypto'
import { bytesToHex } from '@noble/hashes/utils.js'
import { LinePeer } from './line-peer.ts'
import { until } from './until.ts'

/** An RPC as it came. Bytes are hex. */
export interface RpcReport {
  readonly subscriptions: readonly { readonly subscribe: boolean; readonly bitmask: string }[]
  readonly messages: readonly ReceivedMessage[]
  readonly grafts: readonly string[]
}

export interface ReceivedMessage {
  readonly from: string
  readonly data: string
  readonly bitmask: string
  readonly bytes: string
  readonly signatureBytes: number
  /** Empty when the key is the author's and the signature holds. */
  readonly fault: string
}

/** Ways to spoil a message after it was signed. */
export const MESSAGE_FAULTS = ['signature', 'data', 'unsigned', 'foreignKey'] as const
export type MessageFault = (typeof MESSAGE_FAULTS)[number]

export class GossipPeer extends LinePeer {
  /** Opens a stream with a hello; another one takes its place. */
  open(peer: string, topics: readonly Uint8Array[]): Promise<void> {
    return this.call('gossipOpen', { peer, bitmasks: topics.map(bytesToHex) })
  }

  /** Signs a message of random data and sends it. The data, hex. */
  async send(peer: string, topic: Uint8Array, fault?: MessageFault): Promise<string> {
    const data = randomBytes(64).toString('hex')
    await this.call('gossipSend', { peer, bitmask: bytesToHex(topic), data, fault: fault ?? '' })
    return data
  }

  /** Asks for messages by their ids. */
  want(peer: string, ids: readonly string[]): Promise<void> {
    return this.call('gossipWant', { peer, ids })
  }

  /** Writes bytes that may be no frame. */
  write(peer: string, hex: string): Promise<void> {
    return this.call('gossipRaw', { peer, hex })
  }

  /** How often a peer ended the stream. */
  ended(): number {
    return this.events.filter(({ event }) => event === 'gossipClosed').length
  }

  reports(): readonly RpcReport[] {
    return this.events.filter(({ event }) => event === 'gossip').map(({ rpc }) => rpc as RpcReport)
  }

  /** Messages of a topic, in order. */
  messagesOf(topic: Uint8Array): readonly ReceivedMessage[] {
    const bitmask = bytesToHex(topic)
    return this.reports().flatMap(({ messages }) => messages.filter((message) => message.bitmask === bitmask))
  }

  copies(data: string): readonly ReceivedMessage[] {
    return this.reports().flatMap(({ messages }) => messages.filter((message) => message.data === data))
  }

  /** Waits for the message with this data. */
  received(data: string): Promise<ReceivedMessage> {
    return until('the message has come', () => this.copies(data)[0])
  }

  /** Waits until it is in the mesh of a topic. */
  async grafted(topic: Uint8Array): Promise<void> {
    const bitmask = bytesToHex(topic)
    await until('the peer was grafted', () => this.reports().some(({ grafts }) => grafts.includes(bitmask)))
  }
}
