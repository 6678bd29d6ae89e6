import { MetricsError } from '../errors'
import {
  countIn,
  falseAlarmRate,
  lowestCost,
  missRate,
  rankingOf,
  thresholdOf,
  type CostWeights,
  type LowestCost,
  type Ranking,
} from './ranking'
import { countBelow, type Scores } from './scores'

/** Prior of a spoofed trial and the two costs of a stand-alone countermeasure. */
export interface DcfCostModel {
  readonly pSpoof: number
  readonly costMiss: number
  readonly costFa: number
}

/** ASVspoof 5 evaluation plan, track 1. */
export const DCF_COSTS_ASVSPOOF5: DcfCostModel = Object.freeze({ pSpoof: 0.05, costMiss: 1, costFa: 10 })

export interface MinDcf {
  /** Normalised, 0…1. */
  readonly minDcf: number
  /** Scores up to and including this one are rejected. */
  readonly threshold: number
}

export interface ActDcf {
  /** Normalised; above 1 the scores are so badly calibrated that deciding without them would be cheaper. */
  readonly actDcf: number
  /** −ln(C_miss·(1 − π) / (C_fa·π)): where a log-likelihood ratio should be cut. Scores ≥ this are accepted. */
  readonly threshold: number
}

/**
 * Minimum detection cost (ASVspoof 5, track 1): the minimum over all thresholds of
 * C_miss·(1 − π)·miss + C_fa·π·falseAlarm, divided by min(C_miss·(1 − π), C_fa·π), with π the spoof prior.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty, a score is NaN or infinite, or the costs are not costs
 */
export function computeMinDcf(
  bonafide: Scores,
  spoof: Scores,
  costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5,
): MinDcf {
  const ranking = rankingOf(bonafide, spoof)
  const { cost, rejected } = minDcfOfRanking(ranking, costModel)
  return { minDcf: cost, threshold: thresholdOf(ranking, rejected) }
}

/** {@link computeMinDcf} of classes ranked already. */
export function minDcfOfRanking(ranking: Ranking, costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5): LowestCost {
  return lowestCost(ranking, dcfWeights(costModel))
}

/**
 * Actual detection cost (ASVspoof 5, track 1): the cost of {@link computeMinDcf} at the one threshold that is right
 * for calibrated log-likelihood ratios. It means something only for scores that claim to be such.
 *
 * @throws MetricsError `METRICS_INVALID` as for {@link computeMinDcf}
 */
export function computeActDcf(
  bonafide: Scores,
  spoof: Scores,
  costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5,
): ActDcf {
  return actDcfOfRanking(rankingOf(bonafide, spoof), costModel)
}

/** {@link computeActDcf} of classes ranked already. */
export function actDcfOfRanking(ranking: Ranking, costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5): ActDcf {
  const { miss, falseAlarm, norm } = dcfWeights(costModel)
  const threshold = -Math.log(miss / falseAlarm)
  const missed = missRate(ranking, countBelow(ranking.bonafide, threshold))
  const accepted = falseAlarmRate(ranking, countIn(ranking.spoof, countBelow, threshold))
  return { actDcf: (miss * missed + falseAlarm * accepted) / norm, threshold }
}

function dcfWeights(costs: DcfCostModel): CostWeights {
  const { pSpoof, costMiss, costFa } = costs
  const miss = costMiss * (1 - pSpoof)
  const falseAlarm = costFa * pSpoof
  const norm = Math.min(miss, falseAlarm)
  if (!(pSpoof > 0 && pSpoof < 1 && miss + falseAlarm < Infinity && norm > 0)) {
    throw new MetricsError(
      'METRICS_INVALID',
      `DCF costs ${costMiss} and ${costFa} with a spoof prior of ${pSpoof} weigh misses ${miss} and false alarms ` +
        `${falseAlarm}; expected finite costs above 0 and a prior between 0 and 1`,
      { ...costs },
    )
  }
  return { constant: 0, miss, falseAlarm, norm }
}
