import { MetricsError } from '../errors'
import type { AsvOperatingPoint } from './asv'
import { tdcfWeights, type TdcfWeights } from './tdcf'

/** Where the speaker verification system stands, and where that was taken from (it is recorded as it is). */
export interface AsvSource {
  readonly operatingPoint: AsvOperatingPoint
  readonly source: string
}

export interface AsvSummary extends AsvOperatingPoint {
  readonly source: string
  /** Weights of t-DCF `v1` at this operating point; null when there are none. */
  readonly c1: number | null
  readonly c2: number | null
  /** Constant of t-DCF `v2`. */
  readonly c0V2: number | null
}

/** What the two versions of the t-DCF weigh the errors with. */
export interface TandemWeights {
  readonly v1: TdcfWeights
  readonly v2: TdcfWeights
}

export interface Tandem {
  /** Undefined where there can be no t-DCF. */
  readonly weights: TandemWeights | undefined
  /** Why there is no t-DCF, if there is none. */
  readonly reason: string | undefined
  readonly summary: AsvSummary | null
}

export function tandemOf(asv: AsvSource | null | undefined): Tandem {
  if (asv === undefined || asv === null) {
    return {
      weights: undefined,
      reason: 'no ASV scores or operating point were given',
      summary: null,
    }
  }
  const { operatingPoint, source } = asv
  const { eer, threshold, pFa, pMiss, pMissSpoof } = operatingPoint
  const point = { source, eer, threshold, pFa, pMiss, pMissSpoof }
  try {
    const v1 = tdcfWeights(operatingPoint, { version: 'v1' })
    const v2 = tdcfWeights(operatingPoint, { version: 'v2' })
    const summary = { ...point, c1: v1.c1, c2: v1.c2, c0V2: v2.c0 }
    return { weights: { v1, v2 }, reason: undefined, summary }
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error
    return {
      weights: undefined,
      reason: error.message,
      summary: { ...point, c1: null, c2: null, c0V2: null },
    }
  }
}
