/**
 * How a node that is no archive hears of frames: it polls archives (spec 51 section 6). Each is pinned to a peer id (hazard RPC-H6); what they
 * send is judged by the caller's verifier, and an archive whose frame is refused is left alone like one that fails.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { toBinary } from '@bufbuild/protobuf'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import type { Ed448Verifier } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { type ArchiveAddress, ArchivePool, archiveName } from './archive-pool.ts'
import { RpcError, rpcErrorOf } from './errors.ts'
import { CLIENT_LIMITS } from './limits.ts'
import type { TlsMaterial } from './own-certificate.ts'
import { connectPeer, type PeerConnection } from './peer-client.ts'
import { openSync, type SyncCalls } from './sync-stream.ts'

export interface ArchiveClientOptions {
  readonly archives: readonly ArchiveAddress[]
  readonly material: TlsMaterial
  readonly engine: Ed448Verifier
  /** Peer ids of the network's archives; when given, no other peer is one. */
  readonly trusted?: readonly Uint8Array[]
  /** Whether a header (protobuf bytes) passes the consensus verifier. */
  readonly verify: (header: Uint8Array, number: bigint) => Promise<boolean>
  readonly connectMillis?: number
  readonly callMillis?: number
  readonly now?: () => number
  readonly onFailure?: (archive: ArchiveAddress, error: RpcError) => void
}

export interface ArchiveFrame {
  readonly number: bigint
  /** Protobuf bytes, verified. */
  readonly header: Uint8Array
  readonly archive: ArchiveAddress
}

export interface FollowOptions {
  /** The first frame that is wanted; absent = begin with the newest. */
  readonly from?: bigint
  /** Told of each frame in order, and waited for. */
  readonly onFrame: (frame: ArchiveFrame) => Promise<void> | void
  readonly pollMillis?: number
}

const POLL_MILLIS = 1_000
const FRESHEST_COUNT = 5
const FRESHEST_MILLIS = 5_000
/** An archive whose head stands still for so many polls counts as one that fails, where another may be asked. */
export const STILL_POLLS = 60
/** A longer gap is not filled: the newest frame comes next (spec 22 section 9). */
const LONGEST_GAP = 360n

export class ArchiveClient {
  readonly #options: ArchiveClientOptions
  readonly #pool: ArchivePool
  readonly #now: () => number
  readonly #connections = new Map<string, Promise<PeerConnection>>()
  #closed = false

  constructor(options: ArchiveClientOptions) {
    this.#options = options
    this.#pool = new ArchivePool(options.archives)
    this.#now = options.now ?? (() => performance.now())
  }

  /** Adds an archive that announced itself; the caller has checked that it is one (`peers/peer-book.ts`). */
  add(address: ArchiveAddress): void {
    this.#pool.add(address)
  }

  /** A frame of the first archive that has it, 0 = the latest. Throws `RpcError`: the last failure, `dial` when none may be asked. */
  frame(number: bigint, signal?: AbortSignal): Promise<ArchiveFrame> {
    return this.#first((archive) => this.#fetch(archive, number, signal), signal)
  }

  /** The newest verified frame of up to five archives at the same time, 5 s each. Throws `RpcError` when none answers. */
  async freshest(signal?: AbortSignal): Promise<ArchiveFrame> {
    const asked = this.#pool.take(FRESHEST_COUNT, this.#now())
    const answers = await Promise.allSettled(
      asked.map((archive) => {
        const deadline = AbortSignal.timeout(FRESHEST_MILLIS)
        const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
        return this.#attempt(archive, () => this.#fetch(archive, 0n, either), signal)
      }),
    )
    const frames = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const [first, ...others] = frames
    if (first === undefined) throw failureOf(answers)
    return others.reduce((best, frame) => (frame.number > best.number ? frame : best), first)
  }

  /** Polls until the signal fires: each new frame once and in order, gaps filled forward. Failures are told to `onFailure`. */
  async follow({ from, onFrame, pollMillis = POLL_MILLIS }: FollowOptions, signal: AbortSignal): Promise<void> {
    let next = from
    let still = 0
    let last: ArchiveAddress | undefined
    while (!signal.aborted) {
      try {
        const latest = await this.frame(0n, signal)
        const isNews = next === undefined || latest.number >= next
        still = isNews || latest.archive !== last ? 0 : still + 1
        last = latest.archive
        if (still >= STILL_POLLS) this.#leaveStill(last, latest.number)
        if (next === undefined || latest.number - next > LONGEST_GAP) next = latest.number
        for (; next < latest.number; next++) await onFrame(await this.frame(next, signal))
        if (next === latest.number) {
          await onFrame(latest)
          next++
        }
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
      }
      await sleep(pollMillis, undefined, { signal }).catch(() => undefined)
    }
  }

  /** A stream of PerformSync to the first archive that can be reached; `close` it. */
  sync(signal?: AbortSignal): Promise<SyncCalls> {
    return this.#first(async (archive) => openSync(await this.#connection(archive, signal)), signal)
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#connections.values())
      connection.then(
        (peer) => peer.close(),
        () => undefined,
      )
    this.#connections.clear()
  }

  async #first<T>(work: (archive: ArchiveAddress) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    let last = new RpcError('dial', 'no archive may be asked now: all failed lately, or none is known')
    for (let tries = this.#pool.size; tries > 0; tries--) {
      const [archive] = this.#pool.take(1, this.#now())
      if (archive === undefined) break
      try {
        return await this.#attempt(archive, () => work(archive), signal)
      } catch (error) {
        last = rpcErrorOf(error)
        if (last.code === 'cancelled') throw last
      }
    }
    throw last
  }

  /** Whoever fails is left alone for a while, unless the caller gave up. */
  async #attempt<T>(archive: ArchiveAddress, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closed) throw new RpcError('closed', 'the client was closed')
    try {
      return await work()
    } catch (error) {
      const failure = rpcErrorOf(error)
      if (signal?.aborted === true) throw new RpcError('cancelled', 'the caller gave up', { cause: error })
      this.#failed(archive, failure)
      throw failure
    }
  }

  #leaveStill(archive: ArchiveAddress, head: bigint): void {
    if (this.#pool.take(2, this.#now()).length < 2) return
    this.#failed(archive, new RpcError('protocol', `the head stands still at frame ${head}`))
  }

  #failed(archive: ArchiveAddress, failure: RpcError): void {
    this.#pool.failed(archive, this.#now())
    this.#drop(archive)
    this.#options.onFailure?.(archive, failure)
  }

  async #fetch(archive: ArchiveAddress, wanted: bigint, signal: AbortSignal | undefined): Promise<ArchiveFrame> {
    const peer = await this.#connection(archive, signal)
    const { number, header } = await askFrame(peer, wanted, signal)
    if (!(await this.#options.verify(header, number))) throw new RpcError('protocol', `frame ${number} does not verify`)
    return { number, header, archive }
  }

  async #connection(archive: ArchiveAddress, signal: AbortSignal | undefined): Promise<PeerConnection> {
    const name = archiveName(archive)
    const known = await this.#connections.get(name)?.catch(() => undefined)
    if (known !== undefined && !known.closed) return known
    const opening = this.#connect(archive, signal)
    this.#connections.set(name, opening)
    return opening
  }

  async #connect(archive: ArchiveAddress, signal: AbortSignal | undefined): Promise<PeerConnection> {
    const { connectMillis = CLIENT_LIMITS.connectMillis, callMillis = CLIENT_LIMITS.callMillis } = this.#options
    const { material, engine, trusted } = this.#options
    const peer = await connectPeer(archive, { material, engine, connectMillis, callMillis }, signal)
    const isTrusted = trusted === undefined || trusted.some((id) => sameBytes(id, peer.peerId))
    if (isTrusted && this.#pool.pins(archive, peer.peerId) && !this.#closed) return peer
    peer.close()
    throw new RpcError(
      'mismatch',
      `${archiveName(archive)}: another peer than before answers, or one that is no archive`,
    )
  }

  #drop(archive: ArchiveAddress): void {
    const name = archiveName(archive)
    this.#connections.get(name)?.then(
      (peer) => peer.close(),
      () => undefined,
    )
    this.#connections.delete(name)
  }
}

/** Header of a frame, 0 = the latest, as a peer sends it: its bytes are not verified. Throws `RpcError`. */
export async function askFrame(
  peer: PeerConnection,
  wanted: bigint,
  signal?: AbortSignal,
): Promise<{ readonly number: bigint; readonly header: Uint8Array }> {
  const client = peer.client(GlobalService)
  const { frame } = await peer.call((options) => client.getGlobalFrame({ frameNumber: wanted }, options), signal)
  if (frame?.header === undefined) throw new RpcError('protocol', 'a frame without a header')
  const number = frame.header.frameNumber
  if (wanted !== 0n && number !== wanted) throw new RpcError('protocol', `frame ${number} instead of ${wanted}`)
  return { number, header: toBinary(GlobalFrameHeaderSchema, frame.header) }
}

function failureOf(answers: readonly PromiseSettledResult<unknown>[]): RpcError {
  const [failed] = answers.filter((answer) => answer.status === 'rejected')
  return failed === undefined
    ? new RpcError('dial', 'no archive may be asked now: all failed lately, or none is known')
    : rpcErrorOf(failed.reason)
}
