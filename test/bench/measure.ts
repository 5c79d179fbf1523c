import type { FullEngine } from '../../core/platform/engine.ts'
import type { Prepared } from './step.ts'

/** Nanoseconds from any start: CPU time in Node, wall time in a browser. */
export type Clock = () => number

/** One repetition: time of one operation, also in calibration units. */
export interface Sample {
  readonly millis: number
  readonly units: number
}

/** Figures of one step on one platform. */
export interface Figures {
  readonly count: number
  readonly medianMillis: number
  readonly p95Millis: number
  readonly meanMillis: number
  readonly medianUnits: number
  readonly meanUnits: number
  /** Nanoseconds of one unit, median. */
  readonly unitNanos: number
}

/**
 * Times a step. The unit is timed directly before and after each repetition, so that a machine that changes its speed
 * changes both; units of the repetition = its time / mean of the two.
 */
export function measure(
  engine: FullEngine,
  step: Prepared,
  repetitions: number,
  unitIterations: number,
  clock: Clock,
): Figures {
  const cost = (work: () => void): number => {
    const start = clock()
    work()
    return clock() - start
  }
  const unit = (): number => cost(() => void engine.calibrationUnit(unitIterations)) / unitIterations
  const units: number[] = []
  const samples: Sample[] = []
  // Not counted: first runs compile, fill tables and load pages.
  step.run(0)
  unit()
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const before = unit()
    const whole = cost(() => step.run(repetition))
    const after = unit()
    const overhead = step.overhead === undefined ? 0 : cost(() => step.overhead?.(repetition))
    const nanos = (whole - overhead) / step.operations
    units.push((before + after) / 2)
    samples.push({ millis: nanos / 1e6, units: nanos / ((before + after) / 2) })
  }
  return summarise(samples, units)
}

function summarise(samples: readonly Sample[], units: readonly number[]): Figures {
  const millis = samples.map((sample) => sample.millis)
  const inUnits = samples.map((sample) => sample.units)
  return {
    count: samples.length,
    medianMillis: quantile(millis, 0.5),
    p95Millis: quantile(millis, 0.95),
    meanMillis: mean(millis),
    medianUnits: quantile(inUnits, 0.5),
    meanUnits: mean(inUnits),
    unitNanos: quantile(units, 0.5),
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** The value below which that share of the values lies, between neighbours by proportion; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = share * (sorted.length - 1)
  const lower = sorted[Math.floor(position)] ?? Number.NaN
  const upper = sorted[Math.ceil(position)] ?? lower
  return lower + (upper - lower) * (position - Math.floor(position))
}
