import { MetricsError } from '../errors'
import { detCurve, type DetCurve } from './det'
import { assertUsableScores, type Scores } from './scores'

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
 * Minimum detection cost (ASVspoof 5, track 1): the minimum over all points of `detCurve` of
 * C_miss·(1 − π)·miss + C_fa·π·falseAlarm, divided by min(C_miss·(1 − π), C_fa·π), with π the spoof prior.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty, a score is NaN or infinite, or the costs are not costs
 */
export function computeMinDcf(
  bonafide: Scores,
  spoof: Scores,
  costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5,
): MinDcf {
  return minDcfOfCurve(detCurve(bonafide, spoof), costModel)
}

/** {@link computeMinDcf} from a curve at hand. */
export function minDcfOfCurve(curve: DetCurve, costModel: DcfCostModel = DCF_COSTS_ASVSPOOF5): MinDcf {
  const { missWeight, faWeight, norm } = dcfWeights(costModel)
  const { miss, falseAlarm, thresholds } = curve
  let lowest = Infinity
  let threshold = NaN
  for (let point = 0; point < thresholds.length; point++) {
    const cost = missWeight * miss[point]! + faWeight * falseAlarm[point]!
    if (cost < lowest) {
      lowest = cost
      threshold = thresholds[point]!
    }
  }
  return { minDcf: lowest / norm, threshold }
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
  const { missWeight, faWeight, norm } = dcfWeights(costModel)
  assertUsableScores(bonafide, 'bona fide')
  assertUsableScores(spoof, 'spoof')
  const threshold = -Math.log(missWeight / faWeight)
  const miss = shareOf(bonafide, score => score < threshold)
  const falseAlarm = shareOf(spoof, score => score >= threshold)
  return { actDcf: (missWeight * miss + faWeight * falseAlarm) / norm, threshold }
}

function shareOf(scores: Scores, isCounted: (score: number) => boolean): number {
  let count = 0
  for (const score of scores) if (isCounted(score)) count++
  return count / scores.length
}

function dcfWeights(costs: DcfCostModel): { missWeight: number; faWeight: number; norm: number } {
  const missWeight = costs.costMiss * (1 - costs.pSpoof)
  const faWeight = costs.costFa * costs.pSpoof
  const norm = Math.min(missWeight, faWeight)
  if (!(norm > 0 && missWeight < Infinity && faWeight < Infinity)) {
    throw new MetricsError(
      'METRICS_INVALID',
      `DCF costs ${costs.costMiss} and ${costs.costFa} with a spoof prior of ${costs.pSpoof} weigh misses ` +
        `${missWeight} and false alarms ${faWeight}; expected finite costs above 0 and a prior between 0 and 1`,
      { ...costs },
    )
  }
  return { missWeight, faWeight, norm }
}
