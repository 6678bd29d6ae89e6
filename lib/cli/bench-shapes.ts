/** `aasist bench --dymShape_range`: one shape after the other, and which is fastest. */
import { readFile, stat } from 'node:fs/promises'
import {
  benchmarkShapes,
  parseShapeRange,
  performanceSummary,
  shapeRangeSummary,
  type BenchmarkOptions,
} from '../benchmark'
import { ArgumentTypeError, errorCode } from '../errors'
import type { BenchFlags } from './bench-options'
import type { ExitCode } from './exit'
import { note, printable, printJson, printLine } from './terminal'

const idleFlags = ['output', 'output_dirname', 'dymBatch', 'dymHW', 'dymDims', 'dymShape'] as const

/** `options`: what the other flags say. */
export async function benchShapes(
  range: string,
  flags: BenchFlags,
  options: Omit<BenchmarkOptions, 'shape'>,
): Promise<ExitCode> {
  const idle = idleFlags.find(name => flags[name] !== undefined)
  if (idle !== undefined) {
    throw new ArgumentTypeError(`--${idle} does not go with --dymShape_range: leave it out`, {
      option: `--${idle}`,
    })
  }
  const sessions = options.sessionsPerDevice ?? 1
  const results = await benchmarkShapes({
    ...options,
    shapes: parseShapeRange(await textOf(range)),
    onShape: ({ shape, measured, error }) => {
      note(`[INFO] dymshape:${shape} end run result:${error === null ? 'OK' : 'Failed'}`)
      if (error !== null) note(`${printable(error.message)} [${errorCode(error) ?? ''}]`)
      if (flags.json === true || measured === null) return
      for (const device of measured.devices) {
        for (const line of performanceSummary(device, sessions, 'computing')) printLine(`[INFO] ${line}`)
      }
    },
  })
  if (flags.json === true) {
    printJson(
      results.map(({ shape, measured, error }) => ({
        shape,
        throughput: measured?.throughput ?? null,
        computeMs: measured?.devices.map(({ computeMs }) => computeMs) ?? null,
        error: error && { code: errorCode(error) ?? null, message: error.message },
      })),
    )
  } else for (const line of shapeRangeSummary(results)) printLine(`[INFO] ${line}`)
  return results.every(({ error }) => error === null) ? 0 : 1
}

const largestFileBytes = 1_000_000

/** A file with a specification a line, where there is one of that name. */
async function textOf(range: string): Promise<string> {
  const found = await stat(range).catch(() => undefined)
  return found?.isFile() === true && found.size <= largestFileBytes ? readFile(range, 'utf8') : range
}
