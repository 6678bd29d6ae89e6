/**
 * Detection metrics of the ASVspoof challenges: functions over arrays of scores without input, output or state. Higher
 * scores mean more bona fide. Rates are fractions. Everything throws MetricsError `METRICS_INVALID` for scores that
 * are not finite numbers and for empty classes, except `summarizeScores` and `bootstrapIntervals`, which answer null for
 * the latter.
 *
 * @module aasist-ascend/metrics
 */
export {
  ADCF_COSTS_ASVSPOOF5,
  computeADcf,
  type ADcf,
  type ADcfCostModel,
  type SpoofAwareScores,
} from './a-dcf'
export { bootstrapIntervals, type AttackIntervals, type ConfidenceIntervals } from './bootstrap'
export type { BootstrapOptions, BootstrapProgress } from './bootstrap-options'
export { computeCllr } from './cllr'
export {
  calibrationMethods,
  computeMinCllr,
  fitCalibration,
  logLikelihoodRatio,
  spoofProbability,
  type CalibrationMethod,
  type ScoreCalibration,
} from './calibration'
export { operatingPoint, type OperatingCriterion, type OperatingPoint } from './operating-point'
export { asvOperatingPoint, LA2019_EVAL_OPERATING_POINT, type AsvOperatingPoint, type AsvScores } from './asv'
export {
  computeActDcf,
  computeMinDcf,
  DCF_COSTS_ASVSPOOF5,
  type ActDcf,
  type DcfCostModel,
  type MinDcf,
} from './dcf'
export { detCurve, type DetCurve } from './det'
export { computeEer, computeEerTieProper, type EqualErrorRate } from './eer'
export type { ConfidenceInterval } from './percentile'
export type { Scores } from './scores'
export { summarizeScores, type AttackSummary, type MetricsSummary, type ScoresToSummarize } from './summary'
export type { AsvSource, AsvSummary } from './tandem'
export {
  computeTdcf,
  TDCF_COSTS_2019,
  tdcfWeights,
  type MinTdcf,
  type TdcfCostModel,
  type TdcfOptions,
  type TdcfVersion,
  type TdcfWeights,
} from './tdcf'
export type { ScoredTrial, ScoresByClass, TrialsOrScores } from './trial-classes'
export { AasistError, ArgumentRangeError, ArgumentTypeError, MetricsError } from '../errors'
export type { ArgumentErrorCode, ErrorCode, ErrorDetail, MetricsErrorCode } from '../errors'
