import type { EngineCommitteeHandle, FullEngine } from '../../core/platform/engine.ts'

/** What the benchmarks call beyond the documented surface; the optional calls are measured where a build has them. */
export interface BenchEngine extends FullEngine {
  /** Runs the calibration unit that many times in a row (docs/benchmarks.md). */
  calibrationUnit(iterations: number): number
  /** Hash to G1 alone, compressed. */
  blsHashToG1?(message: Uint8Array): Uint8Array
}

/** A committee whose sums of decoded keys can be asked for. */
export interface SummingCommittee extends EngineCommitteeHandle {
  /** Sum of the keys that the bitmask names, compressed. */
  aggregateKey?(bitmask: Uint8Array): Uint8Array
}
