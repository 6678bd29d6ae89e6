import type { AsvOperatingPoint } from './asv'
import { actDcfOfRanking, minDcfOfRanking } from './dcf'
import { eerOfRanking, tieProperEerOfRanking } from './eer'
import type { Ranking } from './ranking'
import { minTdcfOfRanking } from './tdcf'

/** What is computed from all trials, by its name in metrics.json; the t-DCFs are null without an ASV system. */
export interface Rates {
  readonly eer: number
  readonly eerThreshold: number
  readonly eerTieProper: number
  readonly minTdcf: number | null
  readonly minTdcfThreshold: number | null
  readonly minTdcfV2: number | null
  readonly minDcf: number
  readonly actDcf: number
}

/** What is computed from all bona fide trials against those of one attack. */
export interface AttackRates {
  readonly eer: number
  readonly minTdcf: number | null
}

export function ratesOf(ranking: Ranking, asv: AsvOperatingPoint | undefined): Rates {
  const official = eerOfRanking(ranking)
  const tandem = asv && minTdcfOfRanking(ranking, asv)
  const revised = asv && minTdcfOfRanking(ranking, asv, { version: 'v2' })
  return {
    eer: official.eer,
    eerThreshold: official.threshold,
    eerTieProper: tieProperEerOfRanking(ranking).eer,
    minTdcf: tandem?.minTdcf ?? null,
    minTdcfThreshold: tandem?.threshold ?? null,
    minTdcfV2: revised?.minTdcf ?? null,
    minDcf: minDcfOfRanking(ranking).minDcf,
    actDcf: actDcfOfRanking(ranking).actDcf,
  }
}

export function attackRatesOf(ranking: Ranking, asv: AsvOperatingPoint | undefined): AttackRates {
  return {
    eer: eerOfRanking(ranking).eer,
    minTdcf: asv === undefined ? null : minTdcfOfRanking(ranking, asv).minTdcf,
  }
}
