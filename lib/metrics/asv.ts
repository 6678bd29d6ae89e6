import { assertMembers } from './arguments'
import { eerOfRanking } from './eer'
import { rankSorted, thresholdOf } from './ranking'
import { countBelow, sortedScores, type Scores } from './scores'

/** Scores of an automatic speaker verification system, by the kind of trial. */
export interface AsvScores {
  readonly target: Scores
  readonly nontarget: Scores
  readonly spoof: Scores
}

/** Where the speaker verification system stands that a countermeasure is judged in tandem with. Fractions, 0…1. */
export interface AsvOperatingPoint {
  /** Equal error rate of target against non-target trials. */
  readonly eer: number
  /** The EER threshold: the system accepts scores ≥ this. */
  readonly threshold: number
  /** Share of non-target trials accepted. */
  readonly pFa: number
  /** Share of target trials rejected. */
  readonly pMiss: number
  /** Share of spoof trials rejected. */
  readonly pMissSpoof: number
}

/**
 * The operating point of the organisers' ASV system on the ASVspoof 2019 LA evaluation set, computed from their
 * `ASVspoof2019.LA.asv.eval.gi.trl.scores.txt`: 820 of 33,327 non-target trials accepted, 132 of 5,370 target trials
 * and 15,290 of 63,882 spoof trials rejected at their EER threshold.
 */
export const LA2019_EVAL_OPERATING_POINT: AsvOperatingPoint = Object.freeze({
  eer: (132 / 5_370 + 819 / 33_327) / 2,
  threshold: -5.680051,
  pFa: 820 / 33_327,
  pMiss: 132 / 5_370,
  pMissSpoof: 15_290 / 63_882,
})

/**
 * Puts an ASV system at its EER threshold of target against non-target trials, as ASVspoof 2019 does (evaluation plan,
 * section 5; `obtain_asv_error_rates`). The rates are counted with "accept if score ≥ threshold", so `pFa` includes the
 * trial that sits on the threshold and may differ from the EER by one trial.
 *
 * @throws MetricsError `METRICS_INVALID` when one of the three kinds is empty or a score is NaN or infinite
 */
export function asvOperatingPoint(scores: AsvScores): AsvOperatingPoint {
  assertMembers(scores, 'asvOperatingPoint()', ['target', 'nontarget', 'spoof'])
  const target = sortedScores(scores.target, 'ASV target')
  const nontarget = sortedScores(scores.nontarget, 'ASV non-target')
  const spoof = sortedScores(scores.spoof, 'ASV spoof')
  const ranking = rankSorted(target, nontarget)
  const { eer, rejected } = eerOfRanking(ranking)
  const threshold = thresholdOf(ranking, rejected)
  return {
    eer,
    threshold,
    pFa: (nontarget.length - countBelow(nontarget, threshold)) / nontarget.length,
    pMiss: countBelow(target, threshold) / target.length,
    pMissSpoof: countBelow(spoof, threshold) / spoof.length,
  }
}
