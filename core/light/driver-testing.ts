/** The light driver on a clock in the hands of a test, with peers that serve a made-up chain of 20 frames. Used by tests only. */
import type { LightPeer } from '../platform/network.ts'
import { type DriverListener, type DriverParts, type DriverRefusal, type DriverState, LightDriver } from './driver.ts'
import type { Finding } from './events.ts'
import { chainOf, descriptionOf, madeCrypto } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { boundLimits } from './policy.ts'

const chain = chainOf(1, 20)

export class ManualClock {
  time = 1_750_000_000_000
  #timers: { at: number; run: () => void }[] = []
  now = () => this.time
  at = (at: number, run: () => void) => {
    const timer = { at, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }
  /** Lets time pass, in small steps, with everything that follows from each. */
  async pass(millis: number, step = 250): Promise<void> {
    for (const end = this.time + millis; this.time < end; ) {
      this.time = Math.min(end, this.time + step)
      const due = this.#timers.filter((timer) => timer.at <= this.time)
      this.#timers = this.#timers.filter((timer) => timer.at > this.time)
      for (const { run } of due) run()
      // biome-ignore lint/style/noRestrictedGlobals: a test lets what was started go on, whatever the machine's clock says
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  }
}

export function peerOf(id: string, more: Partial<LightPeer> = {}): LightPeer {
  return {
    id,
    address: id,
    transport: 'memory',
    hello: async () => ({ network: 'simulated', profile: '2.1.0.24', head: 20n, oldest: 1n, maxHeaders: 32 }),
    head: async () => chain.get(20n) as Uint8Array,
    headers: async (from, count) =>
      Array.from({ length: count }, (_, i) => chain.get(from + BigInt(i))).filter((header) => header !== undefined),
    subscribe: (_onHead, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    traffic: () => ({ received: 100, sent: 10 }),
    close: async () => {},
    ...more,
  }
}

export function run(parts: Partial<DriverParts> & { peers?: Record<string, () => Promise<LightPeer>> }) {
  const clock = new ManualClock()
  const seen = {
    states: [] as DriverState[],
    heads: [] as Finding[],
    frames: [] as Finding[],
    refusals: [] as DriverRefusal[],
  }
  const listener: DriverListener = {
    state: (state) => seen.states.push(state),
    head: (head) => seen.heads.push(head),
    frame: (frame) => seen.frames.push(frame),
    refusal: (refusal) => seen.refusals.push(refusal),
    evidence: () => {},
  }
  const peers = parts.peers ?? { a: async () => peerOf('a') }
  const description = descriptionOf(Object.keys(peers), clock.time - 1000)
  const driver = new LightDriver({
    config: { description, timeProofs: 'every', limits: boundLimits({}), random: () => 0 },
    crypto: madeCrypto(),
    store: new MemoryStore(),
    transport: (address) => (peers[address] as () => Promise<LightPeer>)(),
    clock,
    listener,
    note: null,
    ...parts,
  })
  return { driver, clock, seen, state: () => seen.states.at(-1) as DriverState }
}
