/** Benchmarks of models on NPUs and CPUs, with the figures and files of ais_bench. */
export { benchmark } from './benchmark'
export type { Benchmark, BenchmarkEvent, BenchmarkOptions, DeviceBenchmark } from './benchmark'
export type { OutputFiles, OutputFormat, SampleFiles } from './output-files'
export type { PureData } from './made-up-data'
export { parseNamedDims, type ShapeChoice } from './shapes'
export type { Interval, TimeFigures } from './statistics'
export { float, performanceSummary, summaryFile } from './summary'
