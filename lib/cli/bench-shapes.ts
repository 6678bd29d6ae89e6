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

/** `options`: what the other flags say. */
export async function benchShapes(
  range: string,
  flags: BenchFlags,
  options: Omit<BenchmarkOptions, 'shape'>,
): Promise<ExitCode> {
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
        if (flags.json !== true) printBlocks(result, sessions, flags)
      },
    })
  } finally {
    // Also of those that were done when it was stopped.
    if (results.length > 0) await printResults(results, flags)
  }
  return results.every(({ error }) => error === null) ? 0 : 1
}

function noteShape({ shape, error }: ShapeResult): void {
  note(`[INFO] dymshape:${shape} end run result:${error === null ? 'OK' : 'Failed'}`)
  if (error !== null) note(`${printable(error.message)} [${errorCode(error) ?? ''}]`)
}

function printBlocks({ measured }: ShapeResult, sessions: number, flags: BenchFlags): void {
  const lines = flags.display_all_summary ? 'computing and copies' : 'computing'
  for (const device of measured?.devices ?? []) {
    for (const line of performanceSummary(device, sessions, lines)) printLine(`[INFO] ${line}`)
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

/**
 * A file with a specification a line, where there is one of that name.
 * @throws ArgumentTypeError `INVALID_ARGUMENT` for what can only be a file, and is not there
 */
async function textOf(range: string): Promise<string> {
  const found = await stat(range).catch(() => undefined)
  if (found?.isFile() === true && found.size <= largestFileBytes) return readFile(range, 'utf8')
  if (range.includes(':')) return range
  throw new ArgumentTypeError(
    `--dymShape_range is ${printable(range)}, which is neither a file of at most ${largestFileBytes} bytes nor shapes such as name:1,3,200~224~8`,
    { option: '--dymShape_range' },
  )
}
