/** Asks one stream port for its newest frame, as a node that is no archive does (spec 51 sections 1 and 6). */
import { isIP } from 'node:net'
import { peerIdText } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { askFrame } from '../rpc/archive-client.ts'
import { connectPeer, type PeerConnection } from '../rpc/peer-client.ts'
import { endOf, makeIdentity, type ProbeContext, type ThrowAwayIdentity } from './context.ts'
import { failureOf, ProbeError } from './failures.ts'
import type { HeadReport, RpcReport } from './report.ts'
import { Stages } from './stages.ts'
import type { RpcTarget } from './targets.ts'

/** Never rejects: whatever goes wrong is in the report. */
export function probeRpc(target: RpcTarget, context: ProbeContext): Promise<RpcReport> {
  return new RpcProbe(target, context).run()
}

type Draft = { -readonly [K in keyof RpcReport]: RpcReport[K] }

const NOTHING: Omit<RpcReport, 'target' | 'ownPeerId'> = {
  stages: [],
  resolved: [],
  peerId: null,
  keyType: null,
  pinned: false,
  head: null,
  failure: null,
}

class RpcProbe {
  readonly #target: RpcTarget
  readonly #context: ProbeContext
  readonly #end: AbortSignal
  readonly #stages: Stages
  readonly #identity: ThrowAwayIdentity
  readonly #draft: Draft
  readonly #where: string

  constructor(target: RpcTarget, context: ProbeContext) {
    const { host, port } = target.address
    this.#target = target
    this.#context = context
    this.#end = endOf(context)
    this.#stages = new Stages(target.name, isIP(host) === 0 ? 'resolve' : 'connect', context.listener)
    this.#identity = makeIdentity(context.addon)
    this.#draft = { target: target.name, ownPeerId: this.#identity.peerId, ...NOTHING }
    this.#where = `${host} port ${port}/tcp`
  }

  async run(): Promise<RpcReport> {
    let peer: PeerConnection | undefined
    try {
      await this.#resolve()
      peer = await this.#connect()
      await this.#ask(peer)
    } catch (error) {
      this.#draft.failure = this.#stages.fail(this.#failure(error))
    }
    peer?.close()
    return { ...this.#draft, stages: this.#stages.reports }
  }

  /** Says which addresses a name has; connecting tries one after the other by itself. */
  async #resolve(): Promise<void> {
    const { host } = this.#target.address
    if (isIP(host) !== 0) return
    const found = await this.#context.resolver(host, 0, this.#end)
    this.#draft.resolved = found
    this.#stages.pass(found.join(', '))
  }

  async #connect(): Promise<PeerConnection> {
    const { addon, timeoutMillis } = this.#context
    this.#stages.enter('connect')
    const peer = await connectPeer(
      this.#target.address,
      {
        material: this.#identity.material,
        engine: addon,
        connectMillis: timeoutMillis,
        callMillis: timeoutMillis,
        onProgress: (progress) => (progress.reached === 'tcp' ? this.#connected() : this.#meet(progress.peerId)),
      },
      this.#end,
    )
    this.#stages.pass('settings exchanged')
    return peer
  }

  #connected(): void {
    this.#stages.pass(`tcp, ${this.#where}`)
    this.#stages.enter('tls')
  }

  /** Who answers has proven it; `connectPeer` goes on with nobody but the one that is wanted. */
  #meet(peerId: Uint8Array): void {
    const { peerId: wanted } = this.#target.address
    const isWanted = wanted !== null && sameBytes(peerId, wanted)
    const met = peerIdText(peerId)
    Object.assign(this.#draft, { peerId: met, keyType: 'Ed448', pinned: isWanted })
    if (wanted !== null && !isWanted) return
    this.#stages.pass(
      `TLS 1.3; certificate of ${isWanted ? 'the peer that was wanted' : `${met} (no peer id was given)`}`,
    )
    this.#stages.enter('http2')
  }

  async #ask(peer: PeerConnection): Promise<void> {
    this.#stages.enter('frame')
    const { header } = await askFrame(peer, 0n, this.#end)
    const facts = await this.#context.crypto.inspectHeader(header, { signal: this.#end })
    const head: HeadReport = {
      number: facts.number.toString(),
      rank: facts.rank.toString(),
      timestamp: facts.timestamp.toString(),
      difficulty: facts.difficulty,
      identity: Buffer.from(facts.identity).toString('hex'),
    }
    this.#draft.head = head
    this.#stages.pass(`frame ${head.number}, rank ${head.rank}, ${age(facts.timestamp)}, difficulty ${head.difficulty}`)
    this.#stages.enter('verify')
    const proof = await this.#context.crypto.verifyTimeProof(header, { signal: this.#end })
    if (!proof.ok) throw new ProbeError('invalid', `the time proof of frame ${head.number} is false: ${proof.reason}`)
    this.#stages.pass('time proof holds; the committee of the network is not known here, so its votes were not checked')
  }

  #failure(error: unknown): ProbeError {
    const { interrupted, deadline } = this.#context
    const { current: stage, seconds } = this.#stages
    return failureOf(error, {
      stage,
      seconds,
      layer: 'tcp',
      where: this.#where,
      isLate: deadline.aborted,
      isInterrupted: interrupted.aborted,
    })
  }
}

const DAY_SECONDS = 86_400n

/** How long ago a time was, or will be. */
function age(timestamp: bigint): string {
  const seconds = (BigInt(Date.now()) - timestamp) / 1000n
  if (seconds < 0n) return `dated ${-seconds} s ahead of this machine's clock`
  return seconds < 2n * DAY_SECONDS ? `${seconds} s old` : `${seconds / DAY_SECONDS} days old`
}
