/** `aasist bench`: pure inference with ais_bench's flags, console block and summary file. */
import { chmod, mkdir, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  benchmark,
  float,
  percentileLines,
  performanceSummary,
  summaryFile,
  type Benchmark,
  type BenchmarkOptions,
  type DeviceBenchmark,
} from '../benchmark'
import { writeFileAtomically, systemReason, writingAdvice } from '../dataset'
import { ArgumentTypeError, DatasetError, errorCode } from '../errors'
import { benchComparison } from './bench-compare'
import { benchEndToEnd } from './bench-end-to-end'
import { addBenchOptions, npusOf, shapeChoice, type BenchFlags } from './bench-options'
import { machineLines, machineOf, type Machine } from './bench-machine'
import { inTermsOfFlags, modeOf, refuseIdleFlags } from './bench-modes'
import { benchmarkNotes } from './bench-progress'
import { benchAtRate } from './bench-rate'
import { benchShapes } from './bench-shapes'
import type { ExitCode } from './exit'
import { note, printJson, printLine } from './terminal'

export function addBenchCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  addBenchOptions(
    program.command('bench').description("measure pure inference, with ais_bench's flags and figures"),
  )
    .addHelpText(
      'after',
      '\nExample:\n  aasist bench --model aasist_bs1.om --loop 1000 --batchsize 1\n' +
        "\nFlags may be spelt as those of ait benchmark, too. What asks for CANN's own\ntools is refused with the reason.",
    )
    .action((flags: BenchFlags, command: Command) =>
      run(async signal => {
        try {
          refuseIdleFlags(command, modeOf(flags))
          return await bench(flags, signal)
        } catch (error) {
          throw inTermsOfFlags(error)
        }
      }),
    )
}

/** Where one device's results and its summary go. */
interface Place {
  readonly folder: string
  readonly summary: string
}

async function bench(flags: BenchFlags, signal: AbortSignal): Promise<ExitCode> {
  if (flags.threads > 1 && !flags.pipeline)
    note('--threads counts with --pipeline 1 only: one session a device is used')
  if (flags.endToEnd !== undefined) return benchEndToEnd(flags.endToEnd, flags, signal)
  if (flags.compare !== undefined) return benchComparison(flags.compare, flags, signal)
  if (flags.rate !== undefined) return benchAtRate(flags.rate, flags, signal)
  const { model, input, pipeline, output_batchsize_axis: batchAxis, outfmt: format } = flags
  if (flags.output_dirname !== undefined) checkName(flags.output_dirname, flags.output)
  const sessions = pipeline ? flags.threads : 1
  const npus = npusOf(flags)
  const devices = npus ?? [0]
  const options: BenchmarkOptions = {
    model,
    pureData: flags.pure_data_type,
    sessionsPerDevice: sessions,
    order: pipeline ? 'overlapped' : 'one after the other',
    sharing: flags.divide_input ? 'divided' : 'all on each',
    ...(npus !== undefined && { devices: npus }),
    ...(flags.loop !== undefined && { loop: flags.loop }),
    ...(flags.warmup_count !== undefined && { warmup: flags.warmup_count }),
    ...(flags.timeout !== undefined && { runTimeoutMs: flags.timeout * 1000 }),
    ...(input !== undefined && { inputs: input }),
    ...(flags.batchsize !== undefined && { batchSize: flags.batchsize }),
    ...(flags.outputSize !== undefined && { outputBytes: flags.outputSize }),
    signal,
    onEvent: benchmarkNotes(),
  }
  if (flags.dymShape_range !== undefined) return benchShapes(flags.dymShape_range, flags, options)
  const places =
    flags.output === undefined ? [] : await makePlaces(flags.output, flags.output_dirname, devices)
  const measured = await benchmark({
    ...options,
    shape: shapeChoice(flags),
    ...(places.length > 0 && { output: place => ({ folder: places[place]!.folder, format, batchAxis }) }),
  }).catch(async (error: unknown) => {
    await removeEmpty(places)
    throw error
  })
  const machine = await machineOf(measured.devices.map(({ device }) => device))
  if (flags.json === true) printJson(reportOf(measured, flags, machine))
  else {
    printSummaries(measured, sessions, flags)
    for (const line of [...percentileLines(measured), ...machineLines(machine)]) note(`[INFO] ${line}`)
  }
  // Figures first: a disk that has become full takes nothing away that took an hour.
  await writeSummaries(measured.devices, places, sessions)
  if (measured.stoppedBy !== null) throw measured.stoppedBy
  if (!measured.complete) throw signal.reason
  return 0
}

async function writeSummaries(
  results: readonly DeviceBenchmark[],
  places: readonly Place[],
  sessions: number,
): Promise<void> {
  const written = await Promise.allSettled(
    places.map(async ({ folder, summary }, index) => {
      await writeFileAtomically(summary, summaryFile(results[index]!, sessions, process.argv.slice(1)))
      note(`[INFO] output path:${folder}`)
    }),
  )
  const failure = written.find(each => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

function printSummaries({ devices, throughput }: Benchmark, sessions: number, flags: BenchFlags): void {
  const lines = flags.display_all_summary ? 'computing and copies' : 'computing'
  for (const result of devices) {
    if (result.computeMs.count === 0) {
      note('no run was measured: there are no figures')
      continue
    }
    for (const line of performanceSummary(result, sessions, lines)) printLine(`[INFO] ${line}`)
  }
  if (devices.length < 2) return
  printLine(`[INFO] multidevice run end qsize:${devices.length} result:0`)
  for (const [index, each] of devices.entries()) {
    printLine(
      `[INFO] i:${index} device_${idOf(each)} throughput:${float(each.throughput)} start_time:${float(secondsOf(each.startedAt))} end_time:${float(secondsOf(each.endedAt))}`,
    )
  }
  printLine(`[INFO] summary throughput:${float(throughput)}`)
}

const idOf = ({ device }: DeviceBenchmark): number => (device.kind === 'npu' ? device.id : 0)
const secondsOf = (date: Date): number => date.getTime() / 1000

function reportOf(measured: Benchmark, flags: BenchFlags, machine: Machine): object {
  const { stoppedBy, ...rest } = measured
  return {
    model: resolve(flags.model),
    ...rest,
    stoppedBy: stoppedBy && { code: errorCode(stoppedBy) ?? null, message: stoppedBy.message },
    devices: measured.devices.map(({ computeIntervals, ...figures }) => ({
      ...figures,
      computeBeganAtMs: computeIntervals.map(([began]) => began),
    })),
    ...machine,
  }
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
function checkName(name: string, output: string | undefined): void {
  if (output === undefined)
    throw new ArgumentTypeError('--output_dirname names a folder in that of --output: give it as well')
  if (name !== '' && name !== '.' && name !== '..' && basename(name) === name) return
  throw new ArgumentTypeError(`--output_dirname is the name of a folder in --output, found "${name}"`)
}

/** `2026_01_31-13_05_09`, local time. */
function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('_')
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('_')}`
}

/**
 * With one device the summary lies beside the folder of its results; with several each has its own folder.
 * @throws DatasetError `OUTPUT_UNWRITABLE`
 */
async function makePlaces(
  root: string,
  name: string | undefined,
  devices: readonly number[],
): Promise<readonly Place[]> {
  const own = join(root, name ?? timestamp(new Date()))
  try {
    if (await makeFolder(root, 0o750)) await chmod(root, 0o750)
    await makeFolder(own)
    if (devices.length === 1) return [{ folder: own, summary: `${own}_summary.json` }]
    const folders = devices.map((device, index) => join(own, `device${device}_${index}`))
    for (const folder of folders) await makeFolder(folder)
    return folders.map(folder => ({ folder, summary: `${folder}_summary.json` }))
  } catch (error) {
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `cannot make ${own}: ${systemReason(error)}; ${writingAdvice(error)}`,
      { path: own },
      { cause: error },
    )
  }
}

/** Whether it was not there. Not with its parents: Node's recursive mkdir does not end below /proc. */
async function makeFolder(path: string, mode?: number): Promise<boolean> {
  try {
    await mkdir(path, mode)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false
    throw error
  }
}

/** A benchmark that failed leaves no empty folders. */
async function removeEmpty(places: readonly Place[]): Promise<void> {
  const folders = places.map(({ folder }) => folder)
  for (const folder of [...folders, ...(places.length > 1 ? [dirname(folders[0]!)] : [])]) {
    await rmdir(folder).catch(() => undefined)
  }
}
