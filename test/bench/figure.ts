import { quantile } from './measure.ts'

/** Rates are better when they are higher, everything else when it is lower. */
export type FigureUnit = 'ms' | 'MB' | 'KB' | '/s' | 'MB/s'

/** One figure with its budget that is no step of an engine; `values` are all repetitions. */
export interface Figure {
  readonly name: string
  readonly title: string
  readonly unit: FigureUnit
  readonly values: readonly number[]
  readonly median: number
  readonly atLeast: number
  readonly aim: number
}

export const figureOf = (
  name: string,
  title: string,
  unit: FigureUnit,
  values: readonly number[],
  atLeast: number,
  aim: number,
): Figure => ({ name, title, unit, values, median: quantile(values, 0.5), atLeast, aim })

/** Which goal the median reaches. */
export function reached({ unit, median, atLeast, aim }: Figure): 'aim' | 'at least' | 'missed' {
  const reaches = (goal: number) => (unit.endsWith('/s') ? median >= goal : median <= goal)
  return reaches(aim) ? 'aim' : reaches(atLeast) ? 'at least' : 'missed'
}
