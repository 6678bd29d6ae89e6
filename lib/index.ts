/**
 * Tells bona fide from spoofed speech with AASIST and AASIST-L.
 *
 * - `Detector` scores clips; `evaluate` reproduces an ASVspoof evaluation; `convertCheckpoint` makes ONNX models.
 * - `metricsOfScoreFile` computes the metrics of scores that anyone wrote.
 * - `createSession` and `createPool` run any ONNX model off the caller's thread.
 * - The metrics are pure functions over arrays of scores.
 *
 * Errors carry a stable `code`; see {@link ErrorCode}.
 */
export * from './metrics'
export * from './model'
export { demoCheckpoint, demoFolder, Detector, evaluate, metricsOfScoreFile } from './scoring'
export type {
  AsvPreset,
  Clip,
  DetectorOptions,
  Evaluation,
  EvaluationMetrics,
  EvaluationPaths,
  EvaluateOptions,
  FailedUtterance,
  FileScore,
  IntervalOptions,
  ModelProvenance,
  NpuProvenance,
  NpuRuntime,
  Progress,
  Score,
  ScoreFileEvaluation,
  ScoreFileMetrics,
  ScoreFileMetricsOptions,
  ScoredMetrics,
  ScoreFilesOptions,
  ScoreOptions,
  ScoreWarning,
  Versions,
} from './scoring'
export * from './session'
export {
  AasistError,
  ArgumentRangeError,
  ArgumentTypeError,
  AudioError,
  DatasetError,
  MetricsError,
  ModelError,
  SessionError,
} from './errors'
export type {
  ArgumentErrorCode,
  AudioErrorCode,
  DatasetErrorCode,
  ErrorCode,
  ErrorDetail,
  MetricsErrorCode,
  ModelErrorCode,
  SessionErrorCode,
} from './errors'
