import { quantile } from './measure.ts'

/** One figure with its budget that is no step of an engine; `values` are all repetitions. */
export interface Figure {
  readonly name: string
  readonly title: string
  readonly unit: 'ms' | 'MB'
  readonly values: readonly number[]
  readonly median: number
  readonly atLeast: number
  readonly aim: number
}

export const figureOf = (
  name: string,
  title: string,
  unit: 'ms' | 'MB',
  values: readonly number[],
  atLeast: number,
  aim: number,
): Figure => ({ name, title, unit, values, median: quantile(values, 0.5), atLeast, aim })
