import type { Figures } from './measure.ts'

/** Where the steps run. */
export const PLATFORMS = ['portable', 'native', 'wasm', 'chromium'] as const
export type Platform = (typeof PLATFORMS)[number]

export const PLATFORM_TITLES: Readonly<Record<Platform, string>> = {
  portable: 'native portable',
  native: 'native detected',
  wasm: 'WASM in Node',
  chromium: 'WASM in Chromium',
}

/** Figures of one step, or why there are none. */
export interface StepResult {
  readonly step: string
  readonly figures: Figures | null
  readonly reason: string | null
}

/** One platform's figures; `engine` is what the engine says of itself. */
export interface PlatformResult {
  readonly platform: Platform
  readonly engine: string
  readonly steps: readonly StepResult[]
}

/** Length of a unit sample: about 2.5 ms natively and 8 ms in WASM. */
export const unitIterationsOf = (platform: Platform): number =>
  platform === 'portable' || platform === 'native' ? 2_000 : 1_000

export const isNative = (platform: Platform): boolean => platform === 'portable' || platform === 'native'
