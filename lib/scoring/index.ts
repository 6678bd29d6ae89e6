/** Audio in, scores and metrics out. */
export { asvPresets, type AsvPreset } from './asv-source'
export {
  cacheFolder,
  listCache,
  removeFromCache,
  type CacheEntry,
  type CacheRemoval,
  type CacheRemoved,
} from './cache'
export type { TileChoice, TilesEvent, TileTime } from './cpu-tiles'
export type { Clip } from './clip-source'
export { Detector, type DetectorStats, type FileScore, type Score, type ScoreWarning } from './detector'
export { calibrate, type CalibrateOptions } from './calibrate'
export type { Calibration } from './calibration-file'
export { LiveScores, type LiveOptions, type LiveScore } from './recording/live-scores'
export type { ClipWarningCode, PcmFormat } from '../audio'
export type {
  ProtocolTrial,
  ScoreColumn,
  ScoreFile,
  ScoreFileLayout,
  Trial,
  TrialKey,
  TrialScore,
} from '../dataset'
export type { Recording, RecordingOptions } from './recording/recording-options'
export { Segmenter, type RecordingSegment } from './recording/segments'
export type { WindowPlace, WindowScore } from './recording/window-score'
export { checkRule, type DecisionRule } from './decision-rule'
export { channels, type DetectorScoreMessage, type LogCode } from './diagnostics'
export type { ExpectedErrors, Judgement } from './judgement'
export type { PreparationStats } from './preparer'
export type { DetectorOptions, PlacedFile, ScoreFilesOptions, ScoreOptions } from './detector-options'
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationMetrics,
  type FailedUtterance,
  type NpuProvenance,
} from './evaluate'
export { evaluationPaths, type EvaluationPaths } from './evaluation-files'
export { demoCheckpoint, demoFolder, type ModelProvenance } from './model-file'
export type { ModelCard, Threshold } from './model-card'
export type { CompileOptions } from './npu/compilation'
export { compileModel, type CompiledModel, type CompileModelOptions } from './npu/compile-model'
export { listDevices, type DeviceList, type ListDevicesOptions, type NpuDevice } from './npu/devices'
export type { CompilationChoices, CompilationEvent, OfflineProvenance } from './npu/model-for-npus'
export {
  offlineModelFor,
  type CompiledGraph,
  type OfflineModel,
  type OfflineModelOptions,
} from './npu/offline-model'
export { startProgress, type Progress } from './progress'
export {
  metricsOfScoreFile,
  type ScoreFileEvaluation,
  type ScoreFileMetrics,
  type ScoreFileMetricsOptions,
} from './score-file-metrics'
export type { IntervalOptions, ScoredMetrics } from './scored-metrics'
export { npuRuntime, type NpuRuntime } from './npu-runtime'
export { cpuClass, onnxruntimeVersion, packageVersion, versions, type Versions } from './versions'
