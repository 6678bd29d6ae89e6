/** `aasist bench --dymShape_range`: one shape after the other, and which is fastest. */
import { readFile, stat } from 'node:fs/promises'
import {
  benchmarkShapes,
  parseShapeRange,
  performanceSummary,
  shapeRangeSummary,
  type BenchmarkOptions,
  type ShapeResult,
} from '../benchmark'
import { ArgumentTypeError, errorCode } from '../errors'
import { machineLines, machineOf } from './bench-machine'
import type { BenchFlags } from './bench-options'
import type { ExitCode } from './exit'
import { note, printable, printJson, printLine } from './terminal'

const idleFlags = ['output', 'output_dirname', 'dymHW', 'dymDims', 'dymShape'] as const

/** `options`: what the other flags say. */
export async function benchShapes(
  range: string,
  flags: BenchFlags,
  options: Omit<BenchmarkOptions, 'shape'>,
): Promise<ExitCode> {
  refuseIdle(flags)
  const shapes = parseShapeRange(await textOf(range))
  const sessions = options.sessionsPerDevice ?? 1
  const results: ShapeResult[] = []
  try {
    await benchmarkShapes({
      ...options,
      shapes,
      onShape: result => {
        results.push(result)
        noteShape(result)
        if (flags.json !== true) printBlocks(result, sessions)
      },
    })
  } finally {
    // Also of those that were done when it was stopped.
    if (results.length > 0) await printResults(results, flags)
  }
  return results.every(({ error }) => error === null) ? 0 : 1
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
function refuseIdle(flags: BenchFlags): void {
  const isFromFiles = flags.auto_set_dymshape_mode || flags.auto_set_dymdims_mode
  const idle =
    idleFlags.find(name => flags[name] !== undefined) ??
    // 0 is how ais_bench says: none.
    ((flags.dymBatch ?? 0) > 0 ? 'dymBatch' : isFromFiles ? 'auto_set_dymshape_mode' : undefined)
  if (idle === undefined) return
  throw new ArgumentTypeError(`--${idle} does not go with --dymShape_range: leave it out`, {
    option: `--${idle}`,
  })
}

function noteShape({ shape, error }: ShapeResult): void {
  note(`[INFO] dymshape:${shape} end run result:${error === null ? 'OK' : 'Failed'}`)
  if (error !== null) note(`${printable(error.message)} [${errorCode(error) ?? ''}]`)
}

function printBlocks({ measured }: ShapeResult, sessions: number): void {
  for (const device of measured?.devices ?? []) {
    for (const line of performanceSummary(device, sessions, 'computing')) printLine(`[INFO] ${line}`)
  }
}

async function printResults(results: readonly ShapeResult[], flags: BenchFlags): Promise<void> {
  const devices = results.flatMap(({ measured }) => measured?.devices.map(({ device }) => device) ?? [])
  const machine = await machineOf(devices)
  if (flags.json === true) printJson({ shapes: results.map(jsonOf), ...machine })
  else {
    for (const line of shapeRangeSummary(results)) printLine(`[INFO] ${line}`)
    for (const line of machineLines(machine)) note(`[INFO] ${line}`)
  }
}

const jsonOf = ({ shape, measured, error }: ShapeResult): object => ({
  shape,
  throughput: measured?.throughput ?? null,
  computeMs: measured?.devices.map(({ computeMs }) => computeMs) ?? null,
  error: error && { code: errorCode(error) ?? null, message: error.message },
})

const largestFileBytes = 1_000_000

/** A file with a specification a line, where there is one of that name. */
async function textOf(range: string): Promise<string> {
  const found = await stat(range).catch(() => undefined)
  return found?.isFile() === true && found.size <= largestFileBytes ? readFile(range, 'utf8') : range
}
