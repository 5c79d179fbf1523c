/** The chain of a network that others make, as this node serves it: every frame was verified here before it is announced. */
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { checkpointFor, ServedChain } from '../chain/served-chain.ts'
import type { StateAnswers } from '../chain/source.ts'
import { NodeError } from '../errors.ts'
import type { NodeState } from '../state/node-state.ts'
import type { HeaderStore } from './header-store.ts'
import type { HeaderVerifier, VerifiedHeader } from './verifier.ts'

export interface FollowedChainParts {
  readonly description: NetworkDescription
  /** Of the operator, instead of the one that the description names. */
  readonly alertKey?: string | undefined
  readonly state: NodeState
  readonly headers: HeaderStore
  readonly verifier: HeaderVerifier
  readonly values: StateAnswers
  /** Whether newer frames are known than the head. */
  readonly behind: () => boolean
}

export class FollowedChain extends ServedChain {
  readonly #parts: FollowedChainParts

  private constructor(parts: FollowedChainParts, head: Pick<VerifiedHeader, 'bytes' | 'facts'>) {
    const { description, values } = parts
    const { committee, rules, checkpoint } = description.anchors
    if (committee === undefined) throw new NodeError('join', 'the network has no pinned committee')
    super({
      network: description.network,
      profile: description.profile,
      oldest: BigInt(checkpoint.number) + 1n,
      frameIntervalMillis: description.frameIntervalMillis,
      committee,
      rules,
      alertKey: parts.alertKey ?? description.anchors.alertKey,
      values,
      examples: description.examples,
      checkpoint,
      head: head.facts,
      headBytes: head.bytes,
    })
    this.#parts = parts
  }

  /** `head`: a frame that is stored with its state. */
  static async open(parts: FollowedChainParts, head: Pick<VerifiedHeader, 'bytes' | 'facts'>): Promise<FollowedChain> {
    const chain = new FollowedChain(parts, head)
    await chain.append(head)
    return chain
  }

  syncing(): boolean {
    return this.#parts.behind()
  }

  /** Announces a frame that is stored with its state. */
  async append({ bytes, facts }: Pick<VerifiedHeader, 'bytes' | 'facts'>): Promise<void> {
    this.announce(bytes, facts, await this.#checkpoint(facts.number))
  }

  protected async stored(number: bigint): Promise<Uint8Array | undefined> {
    return (await this.#parts.state.frame(number)) ?? (await this.#parts.headers.get(number))
  }

  /** The checkpoint that belongs to a head, unless it is the one of now. */
  async #checkpoint(head: bigint): Promise<HeaderFacts | undefined> {
    const number = checkpointFor(head)
    if (number <= BigInt(this.anchors().checkpoint.number)) return undefined
    const bytes = await this.stored(number)
    return bytes && this.#parts.verifier.inspect(bytes)
  }
}
