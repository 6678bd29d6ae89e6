/**
 * Tells bona fide from spoofed speech with AASIST and AASIST-L.
 *
 * - `Detector` scores clips; `evaluate` reproduces an ASVspoof evaluation; `convertCheckpoint` makes ONNX models.
 * - `metricsOfScoreFile` computes the metrics of scores that anyone wrote.
 * - `compileModel` and `offlineModelFor` make offline models for Ascend NPUs; `listDevices` tells which there are.
 * - `benchmark` measures pure inference with ais_bench's figures, `benchmarkEndToEnd` the way from files to scores.
 * - `createSession` and `createPool` run any ONNX model off the caller's thread.
 * - The metrics are pure functions over arrays of scores.
 *
 * Errors carry a stable `code`; see {@link ErrorCode}.
 */
export {
  benchmark,
  benchmarkAtRate,
  benchmarkEndToEnd,
  benchmarkShapes,
  compareModels,
  parseShapeRange,
} from './benchmark'
export type {
  ArrivalProcess,
  Benchmark,
  BenchmarkEvent,
  BenchmarkOptions,
  CompareOptions,
  Comparison,
  DeviceBenchmark,
  FilesPerRun,
  RateBenchmark,
  RateOptions,
  Ratio,
  WarmedUp,
  WarmUp,
  EndToEndBenchmark,
  EndToEndOptions,
  EndToEndStage,
  EndToEndStageName,
  Interval,
  OutputFiles,
  OutputFormat,
  PureData,
  SampleFiles,
  ShapeChoice,
  ShapeRangeOptions,
  ShapeResult,
  TimeFigures,
} from './benchmark'
export * from './metrics'
export * from './model'
export {
  cacheFolder,
  calibrate,
  channels,
  compileModel,
  demoCheckpoint,
  demoFolder,
  Detector,
  evaluate,
  listCache,
  listDevices,
  metricsOfScoreFile,
  offlineModelFor,
  removeFromCache,
} from './scoring'
export type {
  AsvPreset,
  CacheEntry,
  CalibrateOptions,
  Calibration,
  CacheRemoval,
  CacheRemoved,
  Clip,
  CompilationChoices,
  CompilationEvent,
  CompiledGraph,
  CompiledModel,
  CompileModelOptions,
  CompileOptions,
  DetectorOptions,
  DetectorScoreMessage,
  DetectorStats,
  DecisionRule,
  DeviceList,
  Evaluation,
  EvaluationMetrics,
  EvaluationPaths,
  EvaluateOptions,
  ExpectedErrors,
  FailedUtterance,
  FileScore,
  IntervalOptions,
  Judgement,
  ListDevicesOptions,
  LogCode,
  ModelProvenance,
  NpuDevice,
  OfflineModel,
  OfflineModelOptions,
  OfflineProvenance,
  NpuProvenance,
  NpuRuntime,
  PreparationStats,
  Progress,
  Score,
  ScoreFileEvaluation,
  ScoreFileMetrics,
  ScoreFileMetricsOptions,
  ScoredMetrics,
  ScoreFilesOptions,
  ScoreOptions,
  TileChoice,
  TilesEvent,
  TileTime,
  ScoreWarning,
  Versions,
} from './scoring'
export * from './session'
export type { AtcChoices, AtcLogLevel, CompileEvent, PrecisionMode, PrecisionModeV2 } from './toolchain'
export {
  AasistError,
  ArgumentRangeError,
  ArgumentTypeError,
  AudioError,
  DatasetError,
  MetricsError,
  ModelError,
  SessionError,
  ToolError,
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
  ToolErrorCode,
} from './errors'
