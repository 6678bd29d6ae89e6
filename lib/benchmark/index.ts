/** Benchmarks of models on NPUs and CPUs, with the figures and files of ais_bench. */
export { benchmark } from './benchmark'
export type { Benchmark, BenchmarkEvent, DeviceBenchmark, FilesPerRun } from './benchmark'
export { benchmarkEndToEnd, type EndToEndBenchmark, type EndToEndOptions } from './end-to-end'
export { endToEndSummary } from './end-to-end-summary'
export type { EndToEndStage, EndToEndStageName } from './end-to-end-stages'
export type { ArrivalProcess } from './arrivals'
export { benchmarkAtRate, type RateBenchmark, type RateOptions } from './open-loop'
export { compareModels, type CompareOptions, type Comparison, type Ratio } from './compare'
export { comparisonSummary } from './comparison-summary'
export { isOffline, type BenchmarkOptions } from './options'
export type { OutputFiles, OutputFormat, SampleFiles } from './output-files'
export type { PureData } from './made-up-data'
export { parseNamedDims, type ShapeChoice } from './shapes'
export type { Interval, TimeFigures } from './statistics'
export type { WarmedUp, WarmUp } from './warm-up'
export {
  benchmarkShapes,
  parseShapeRange,
  shapeRangeSummary,
  type ShapeRangeOptions,
  type ShapeResult,
} from './shape-range'
export { float, percentileLines, performanceSummary, summaryFile } from './summary'
export { rateSummary } from './rate-summary'
