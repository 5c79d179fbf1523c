import type { MessageValue } from '../message.ts'
import type * as keys from '../tables/keys.ts'
import type * as node from '../tables/node.ts'
import {
  each,
  type Fault,
  filled,
  first,
  lengths,
  optional,
  present,
  type RuleContext,
  type Rules,
  when,
  within,
} from './rule.ts'

type SignedKey = MessageValue<typeof keys.SignedX448Key> | MessageValue<typeof keys.SignedDecaf448Key>

/** Signature length of each kind of sub-key signature. */
const SIGNATURE_LENGTHS = { ed448_signature: 114, bls_signature: 74, decaf_signature: 112 } as const

const signedKey =
  (keyLength: number) =>
  (value: unknown): Fault => {
    const message = value as SignedKey
    const kinds = Object.keys(SIGNATURE_LENGTHS) as (keyof typeof SIGNATURE_LENGTHS)[]
    const kind = kinds.find((name) => message[name] !== undefined)
    const signature = kind === undefined ? undefined : message[kind]?.signature
    return first(
      present('key', message.key, (key) => lengths('key', key.key_value, keyLength)),
      within('parent key address', message.parent_key_address, 1, 64),
      kind === undefined || signature === undefined
        ? 'signature is missing'
        : lengths('signature', signature, SIGNATURE_LENGTHS[kind]),
    )
  }

const hub = (value: unknown): Fault => {
  const message = value as MessageValue<typeof node.HubAddInboxMessage>
  return first(
    filled('address', message.address),
    filled('inbox key', message.inbox_public_key),
    filled('hub key', message.hub_public_key),
    filled('inbox signature', message.inbox_signature),
    filled('hub signature', message.hub_signature),
  )
}

const ciphertext = (value: MessageValue<typeof node.MessageCiphertext>): Fault =>
  lengths('initialization vector', value.initialization_vector, 0, 12)

const addresses = (list: readonly string[], context: RuleContext): Fault =>
  each(list, (address) => when(!context.isMultiaddr(address), `${JSON.stringify(address)} is no multiaddr`))

/** Node, key and channel messages (spec 40 section 4). */
export const nodeRules: Rules = {
  PeerInfo: (value, context) => {
    const message = value as MessageValue<typeof node.PeerInfo>
    return first(
      filled('peer id', message.peer_id),
      filled('version', message.version),
      filled('patch number', message.patch_number),
      filled('capabilities', message.capabilities),
      each(message.capabilities, (capability) => when(capability.protocol_identifier === 0, 'a capability has id 0')),
      each(message.reachability, (entry) =>
        first(
          when(entry.filter.length > 64, `filter has ${entry.filter.length} bytes, at most 64 wanted`),
          addresses(entry.pubsub_multiaddrs, context),
          addresses(entry.stream_multiaddrs, context),
        ),
      ),
      lengths('signature', message.signature, 114),
      lengths('key', message.public_key, 57),
    )
  },
  SignedX448Key: signedKey(57),
  SignedDecaf448Key: signedKey(56),
  KeyCollection: (value, context) => {
    const message = value as MessageValue<typeof keys.KeyCollection>
    return first(
      filled('purpose', message.key_purpose),
      each(message.x448_keys, (key) => context.validate('SignedX448Key', key)),
      each(message.decaf448_keys, (key) => context.validate('SignedDecaf448Key', key)),
    )
  },
  KeyRegistry: (value, context) => {
    const message = value as MessageValue<typeof keys.KeyRegistry>
    return each([...message.keys_by_purpose.values()], (collection) => context.validate('KeyCollection', collection))
  },
  GlobalAlert: (value) => {
    const message = value as MessageValue<typeof node.GlobalAlert>
    return first(filled('message', message.message), lengths('signature', message.signature, 114))
  },
  InboxMessage: (value) => {
    const message = value as MessageValue<typeof node.InboxMessage>
    return first(
      filled('address', message.address),
      when(message.timestamp === 0n, 'the timestamp is zero'),
      filled('ephemeral key', message.ephemeral_public_key),
      filled('message', message.message),
    )
  },
  HubAddInboxMessage: hub,
  HubDeleteInboxMessage: hub,
  Message: (value) => {
    const message = value as MessageValue<typeof node.ApplicationMessage>
    return first(filled('hash', message.hash), filled('address', message.address))
  },
  MessageCiphertext: (value) => ciphertext(value as MessageValue<typeof node.MessageCiphertext>),
  P2PChannelEnvelope: (value) => {
    const message = value as MessageValue<typeof node.P2PChannelEnvelope>
    return first(optional(message.message_header, ciphertext), optional(message.message_body, ciphertext))
  },
}
