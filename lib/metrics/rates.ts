import { actDcfOfRanking, minDcfOfRanking } from './dcf'
import { eerOfRanking, tieProperEerOfRanking } from './eer'
import type { Ranking, Rejected } from './ranking'
import type { TandemWeights } from './tandem'
import { lowestTdcf } from './tdcf'

/** What is computed from all trials, by its name in metrics.json; the t-DCFs are null without an ASV system. */
export interface Rates {
  readonly eer: number
  readonly eerTieProper: number
  readonly minTdcf: number | null
  readonly minTdcfV2: number | null
  readonly minDcf: number
  readonly actDcf: number
}

/** What is computed from all bona fide trials against those of one attack. */
export interface AttackRates {
  readonly eer: number
  readonly minTdcf: number | null
}

/** The rates, and where two of them are reached. */
export function ratesOf(
  ranking: Ranking,
  tandem: TandemWeights | undefined,
): { rates: Rates; points: { eer: Rejected; minTdcf: Rejected | undefined } } {
  const official = eerOfRanking(ranking)
  const tdcf = tandem && lowestTdcf(ranking, tandem.v1)
  const rates = {
    eer: official.eer,
    eerTieProper: tieProperEerOfRanking(ranking).eer,
    minTdcf: tdcf?.cost ?? null,
    minTdcfV2: tandem === undefined ? null : lowestTdcf(ranking, tandem.v2).cost,
    minDcf: minDcfOfRanking(ranking).cost,
    actDcf: actDcfOfRanking(ranking).actDcf,
  }
  return { rates, points: { eer: official.rejected, minTdcf: tdcf?.rejected } }
}

export function attackRatesOf(ranking: Ranking, tandem: TandemWeights | undefined): AttackRates {
  return {
    eer: eerOfRanking(ranking).eer,
    minTdcf: tandem === undefined ? null : lowestTdcf(ranking, tandem.v1).cost,
  }
}
