/** Node and channel messages (spec 40 section 3.2). */
import { bigintOf } from '../json.ts'
import { type Inline, message, struct, sub } from '../message.ts'
import { arr, atMost, i64, lp, str, u32, u64 } from '../types.ts'

const capability = [
  ['protocol_identifier', u32],
  ['additional_metadata', lp()],
] as const

export const Capability = message('Capability', 0x0102, capability)

/**
 * Two numbers, each written only when it is not zero; a single one reads as the first (spec 40 section 3.2). Whoever makes a record
 * does not set the second alone (core/identity); whoever verifies one must write it, because that is what was signed.
 */
interface FrameTail {
  readonly last_received_frame: bigint
  readonly last_global_head_frame: bigint
}

const frameTail: Inline<FrameTail> = {
  inline: true,
  read: (reader) => ({
    last_received_frame: reader.left >= 8 ? reader.u64() : 0n,
    last_global_head_frame: reader.left >= 8 ? reader.u64() : 0n,
  }),
  write: (writer, value) => {
    if (value.last_received_frame !== 0n) writer.u64(value.last_received_frame)
    if (value.last_global_head_frame !== 0n) writer.u64(value.last_global_head_frame)
  },
  toJson: (value) => ({
    last_received_frame: String(value.last_received_frame),
    last_global_head_frame: String(value.last_global_head_frame),
  }),
  fromJson: (json) => ({
    last_received_frame: bigintOf(json.last_received_frame ?? '0'),
    last_global_head_frame: bigintOf(json.last_global_head_frame ?? '0'),
  }),
}

export const PeerInfo = message('PeerInfo', 0x0101, [
  ['peer_id', lp()],
  [
    'reachability',
    arr(
      struct([
        ['filter', lp()],
        ['pubsub_multiaddrs', arr(str())],
        ['stream_multiaddrs', arr(str())],
      ]),
    ),
  ],
  ['timestamp', i64],
  ['version', lp()],
  ['patch_number', lp()],
  ['capabilities', arr(struct(capability))],
  ['public_key', lp()],
  ['signature', lp()],
  frameTail,
])

export const ApplicationMessage = message('Message', 0x0100, [
  ['hash', lp()],
  ['address', lp()],
  ['payload', lp()],
])

export const MessageCiphertext = message('MessageCiphertext', 0x0201, [
  ['initialization_vector', lp()],
  ['ciphertext', lp()],
  ['associated_data', lp()],
])

export const P2PChannelEnvelope = message('P2PChannelEnvelope', 0x0200, [
  ['protocol_identifier', u32],
  ['message_header', sub(MessageCiphertext)],
  ['message_body', sub(MessageCiphertext)],
])

export const InboxMessage = message('InboxMessage', 0x0202, [
  ['address', lp(atMost(64))],
  ['timestamp', u64],
  ['ephemeral_public_key', lp(atMost(57))],
  ['message', lp(atMost(5242880))],
])

const hubRows = [
  ['address', lp(atMost(64))],
  ['inbox_public_key', lp(atMost(57))],
  ['hub_public_key', lp(atMost(57))],
  ['inbox_signature', lp(atMost(114))],
  ['hub_signature', lp(atMost(114))],
] as const

export const HubAddInboxMessage = message('HubAddInboxMessage', 0x0203, hubRows)
export const HubDeleteInboxMessage = message('HubDeleteInboxMessage', 0x0204, hubRows)

export const GlobalAlert = message('GlobalAlert', 0x0911, [
  ['message', str(atMost(1000))],
  ['signature', lp(atMost(114))],
])
