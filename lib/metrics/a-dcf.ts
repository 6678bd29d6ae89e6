import { MetricsError } from '../errors'
import { assertMembers } from './arguments'
import { assertCostModel } from './cost-model'
import { falseAlarmRate, firstLowest, missRate, rankSorted } from './ranking'
import { sortedScores, type Scores } from './scores'

/** Scores of a verifier that must refuse both impostors and spoofs; higher means more of a genuine target. */
export interface SpoofAwareScores {
  readonly target: Scores
  readonly nontarget: Scores
  readonly spoof: Scores
}

/** Priors (which sum to 1) and costs of a verifier that is attacked by impostors and by spoofs. */
export interface ADcfCostModel {
  readonly pSpoof: number
  readonly pTarget: number
  readonly pNontarget: number
  /** Of a target rejected. */
  readonly costMiss: number
  /** Of a non-target accepted. */
  readonly costFaAsv: number
  /** Of a spoof accepted. */
  readonly costFaCm: number
}

/** ASVspoof 5 evaluation plan, track 2: 5 % spoofed trials; of the rest 99 % target and 1 % non-target. */
export const ADCF_COSTS_ASVSPOOF5: ADcfCostModel = Object.freeze({
  pSpoof: 0.05,
  pTarget: (1 - 0.05) * 0.99,
  pNontarget: (1 - 0.05) * 0.01,
  costMiss: 1,
  costFaAsv: 10,
  costFaCm: 10,
})

const COST_NAMES = Object.keys(ADCF_COSTS_ASVSPOOF5) as (keyof ADcfCostModel)[]

export interface ADcf {
  /** Normalised minimum, 0…1: 1 is a verifier that only accepts or only rejects. */
  readonly aDcf: number
  /** Scores ≥ this are accepted; Infinity where rejecting everybody costs least. */
  readonly threshold: number
}

/**
 * Minimum normalised a-DCF (Shim et al., "a-DCF: an architecture agnostic metric with application to spoofing-robust
 * speaker verification", Odyssey 2024), for one score that judges speaker and genuineness together. A trial is accepted
 * when its score is ≥ t:
 * a-DCF(t) = C_miss·π_tar·P_miss(t) + C_fa_asv·π_non·P_fa_non(t) + C_fa_cm·π_spf·P_fa_spf(t), divided by
 * min(C_miss·π_tar, C_fa_asv·π_non + C_fa_cm·π_spf), at its minimum over all t, of which the first is taken among
 * equals. Trials of equal score are accepted or rejected together, so the order of the scores has no say.
 *
 * @throws MetricsError `METRICS_INVALID` when one of the three kinds is empty, a score is NaN or infinite, a cost or
 *   prior is negative or no finite number, the priors do not sum to 1, or there is nothing to normalise by
 */
export function computeADcf(scores: SpoofAwareScores, costModel: ADcfCostModel = ADCF_COSTS_ASVSPOOF5): ADcf {
  assertMembers(scores, 'computeADcf()', ['target', 'nontarget', 'spoof'])
  const { miss, nontargetAccepted, spoofAccepted, norm } = aDcfWeights(costModel)
  const target = sortedScores(scores.target, 'target')
  const nontargets = rankSorted(target, sortedScores(scores.nontarget, 'non-target'))
  const spoofs = rankSorted(target, sortedScores(scores.spoof, 'spoof'))
  // Between two target scores a higher threshold costs less or the same, so only those at a target's score count.
  const { index, cost } = firstLowest(
    target.length + 1,
    rejected =>
      miss * missRate(nontargets, rejected) +
      nontargetAccepted * falseAlarmRate(nontargets, nontargets.spoofBelow[rejected]!) +
      spoofAccepted * falseAlarmRate(spoofs, spoofs.spoofBelow[rejected]!),
  )
  return { aDcf: cost / norm, threshold: target[index] ?? Infinity }
}

interface ADcfWeights {
  readonly miss: number
  readonly nontargetAccepted: number
  readonly spoofAccepted: number
  readonly norm: number
}

function aDcfWeights(costs: ADcfCostModel): ADcfWeights {
  assertCostModel('a-DCF', costs, COST_NAMES)
  const miss = costs.costMiss * costs.pTarget
  const nontargetAccepted = costs.costFaAsv * costs.pNontarget
  const spoofAccepted = costs.costFaCm * costs.pSpoof
  const norm = Math.min(miss, nontargetAccepted + spoofAccepted)
  if (!(norm > 0)) {
    throw new MetricsError(
      'METRICS_INVALID',
      `the a-DCF cannot be normalised: misses weigh ${miss}, acceptances ${nontargetAccepted + spoofAccepted}; expected ` +
        'both above 0',
      { ...costs },
    )
  }
  return { miss, nontargetAccepted, spoofAccepted, norm }
}
