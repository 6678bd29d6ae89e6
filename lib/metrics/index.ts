/**
 * Detection metrics of the ASVspoof challenges: pure functions over arrays of scores, no input or output. Higher
 * scores mean more bona fide. Rates are fractions. Everything throws MetricsError `METRICS_INVALID` for scores that
 * are not finite numbers and for empty classes, except `summarizeScores`, which answers null with a reason for the
 * latter.
 */
export { computeCllr } from './cllr'
export { asvOperatingPoint, LA2019_EVAL_OPERATING_POINT, type AsvOperatingPoint, type AsvScores } from './asv'
export {
  computeActDcf,
  computeMinDcf,
  DCF_COSTS_ASVSPOOF5,
  minDcfOfCurve,
  type ActDcf,
  type DcfCostModel,
  type MinDcf,
} from './dcf'
export { detCurve, type DetCurve } from './det'
export { computeEer, computeEerTieProper, eerOfCurve, tieProperEerOfCurve, type EqualErrorRate } from './eer'
export type { Scores } from './scores'
export {
  summarizeScores,
  type AsvSummary,
  type AttackSummary,
  type MetricsSummary,
  type ScoredTrial,
  type ScoresToSummarize,
} from './summary'
export {
  computeTdcf,
  minTdcfOfCurve,
  TDCF_COSTS_2019,
  tdcfWeights,
  type MinTdcf,
  type TdcfCostModel,
  type TdcfOptions,
  type TdcfVersion,
  type TdcfWeights,
} from './tdcf'
export { AasistError, MetricsError } from '../errors'
export type { ErrorCode, ErrorDetail, MetricsErrorCode } from '../errors'
