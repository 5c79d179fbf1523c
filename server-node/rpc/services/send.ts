/** NodeService.Send: whose request it is, decided by the node's own key (spec 51 section 5; RPC-08). */
import { toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { concatBytes } from '@noble/hashes/utils.js'
import { CodecError, envelope, node } from '@petal/core/codec/index.ts'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { validate } from '@petal/core/codec/validation.ts'
import type { SendRequest } from '@petal/core/gen/node/node_service_pb.js'
import { InboxMessageSchema } from '@petal/core/gen/node/peer_pb.js'
import { MessageBundleSchema } from '@petal/core/gen/node/requests_pb.js'
import { type Ed448Verifier, verifySend } from '@petal/core/identity/index.ts'
import { SeenOnce } from '../local-authentication.ts'

/** A request that the operator signed. */
export interface AuthorisedSend {
  /** 32 bytes; all ff = global prover message. Others are published on `filter(domain)` (hazard RPC-H7). */
  readonly domain: Uint8Array
  /** Canonical bytes of the bundle; empty when there is none. */
  readonly bundle: Uint8Array
  readonly deliveries: readonly Delivery[]
}

/** A message for whoever dispatches the inbox of an address. */
export interface Delivery {
  readonly address: Uint8Array
  /** Canonical bytes of the InboxMessage. */
  readonly message: Uint8Array
}

const DOMAIN_BYTES = 32
const MOST_DELIVERIES = 64
const NOTHING = new Uint8Array(0)

export class SendGuard {
  readonly #publicKey: Uint8Array
  readonly #engine: Ed448Verifier
  readonly #seen = new SeenOnce()

  constructor(publicKey: Uint8Array, engine: Ed448Verifier) {
    this.#publicKey = publicKey
    this.#engine = engine
  }

  /** Throws `ConnectError`: INVALID_ARGUMENT, UNAUTHENTICATED, ALREADY_EXISTS for a request that was taken before. */
  authorise({ domain, request, authentication, deliveryData }: SendRequest): AuthorisedSend {
    if (domain.length !== DOMAIN_BYTES) throw invalid(`a domain of ${domain.length} bytes, ${DOMAIN_BYTES} wanted`)
    if (deliveryData.length > MOST_DELIVERIES)
      throw invalid(`${deliveryData.length} deliveries, ${MOST_DELIVERIES} at most`)
    const bundle = request === undefined ? NOTHING : canonical(() => bundleOf(toBinary(MessageBundleSchema, request)))
    const inbox = deliveryData.map((one) => toBinary(InboxMessageSchema, one))
    const deliveries = inbox.map((one) => canonical(() => deliveryOf(one)))
    const payload = concatBytes(bundle, ...inbox)
    if (payload.length === 0) throw invalid('nothing to send')
    if (!verifySend(this.#publicKey, domain, payload, authentication, this.#engine))
      throw new ConnectError('not signed by the key of this node', Code.Unauthenticated)
    if (!this.#seen.add(authentication)) throw new ConnectError('this request was taken before', Code.AlreadyExists)
    return { domain, bundle, deliveries }
  }

  /** The request was not carried out: it may come again. */
  release({ authentication }: Pick<SendRequest, 'authentication'>): void {
    this.#seen.remove(authentication)
  }
}

function bundleOf(protobuf: Uint8Array): Uint8Array {
  const value = fromProtobuf(envelope.MessageBundle, protobuf)
  const fault = validate('MessageBundle', value, { verifyEd448: () => false, isMultiaddr: () => false })
  if (fault !== null) throw invalid(fault)
  return envelope.MessageBundle.encode(value)
}

function deliveryOf(protobuf: Uint8Array): Delivery {
  const value = fromProtobuf(node.InboxMessage, protobuf)
  return { address: value.address, message: node.InboxMessage.encode(value) }
}

/** What has no canonical form is refused before anything of the request is published. */
function canonical<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof CodecError) throw invalid(error.message)
    throw error
  }
}

const invalid = (text: string): ConnectError => new ConnectError(text, Code.InvalidArgument)
