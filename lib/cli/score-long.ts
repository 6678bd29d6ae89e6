/** `aasist score --long`: recordings in; segments, or every window, out. */
import { Option, type Command } from 'commander'
import { AasistError, ArgumentTypeError, errorCode, errorMessage } from '../errors'
import {
  Detector,
  Segmenter,
  type RecordingOptions,
  type RecordingSegment,
  type WindowScore,
} from '../scoring'
import { findAudioFiles } from './audio-files'
import { compilationNotes } from './compile-progress'
import { noteNearest, type ExitCode } from './exit'
import {
  detectorOptions,
  judgementOptions,
  parseCount,
  parseNumber,
  parseSeconds,
  type ScoringFlags,
} from './options'
import { about, counted, note, printable, printJson, printLine } from './terminal'
import { tileNotes } from './tile-notes'
import { TimelineFile } from './timeline-file'

export interface LongFlags extends ScoringFlags {
  readonly long?: boolean
  readonly hop?: number
  readonly eachChannel?: boolean
  readonly silence?: number | 'off'
  readonly raw?: 's16le' | 'f32le'
  readonly rate?: number
  readonly rawChannels?: number
  readonly json?: boolean
  readonly csv?: boolean
  readonly timeline?: string
}

/** As flags are spelled, for those that mean nothing without `--long`. */
const longFlags = {
  hop: '--hop',
  eachChannel: '--each-channel',
  silence: '--silence',
  raw: '--raw',
  rate: '--rate',
  rawChannels: '--raw-channels',
  csv: '--csv',
  timeline: '--timeline',
} as const satisfies Partial<Record<keyof LongFlags, string>>

export function addLongOptions(command: Command): Command {
  return command
    .option(
      '--long',
      'recordings of any length: windows that overlap, and the segments they make up; on the CPU in one session (each takes 120 MB) unless --sessions says otherwise',
    )
    .option('--hop <seconds>', 'with --long: from one window to the next (default: 0.547)', parseSeconds)
    .option('--each-channel', 'with --long: score each channel by itself, such as the two ends of a call')
    .option(
      '--silence <dBFS>',
      'with --long: windows below it are not scored; off scores them all (default: -60)',
      text => (text === 'off' ? 'off' : parseNumber(text)),
    )
    .addOption(
      new Option('--raw <encoding>', 'with --long: samples without a header, - for standard input').choices([
        's16le',
        'f32le',
      ]),
    )
    .option('--rate <Hz>', 'with --raw: samples a second (default: 16000)', parseCount)
    .option('--raw-channels <n>', 'with --raw: channels, interleaved (default: 1)', parseCount)
    .addOption(new Option('--csv', 'with --long: a line a window, commas between').conflicts('json'))
    .option('--timeline <file>', 'with --long: scores over time as one HTML file as well')
}

/** @throws ArgumentTypeError INVALID_ARGUMENT for flags that would do nothing */
export function assertNoLongFlags(flags: LongFlags): void {
  for (const [name, flag] of Object.entries(longFlags)) {
    if (flags[name as keyof typeof longFlags] === undefined) continue
    throw new ArgumentTypeError(`${flag} means something with --long only; add it, or leave ${flag} out`)
  }
}

export async function scoreLong(
  inputs: readonly string[],
  flags: LongFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const options = { ...recordingOptions(flags), signal }
  const { files, ignored } = await findAudioFiles(inputs)
  const { model, config, calibration } = flags
  const timeline =
    flags.timeline === undefined
      ? undefined
      : await TimelineFile.prepare(flags.timeline, [...files, model, config, calibration])
  if (ignored > 0) note(`left out ${counted(ignored, 'file')} without an audio ending`)
  const detector = await Detector.load({
    ...detectorOptions(flags),
    // Each more takes 120 MB for the maps of its windows.
    cpuSessions: 1,
    onCompile: compilationNotes(),
    onTiles: tileNotes(),
    ...judgementOptions(flags),
    signal,
  })
  const print = flags.csv === true ? csvPrinter() : flags.json === true ? jsonPrinter() : plainPrinter()
  for (const { message } of detector.notices) note(`note: ${message}`)
  let failed = 0
  try {
    for (const file of files) {
      try {
        await scoreOne(detector, file, options, print, timeline)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof AasistError)) throw error
        failed += 1
        print.failure(file, error)
      }
    }
  } catch (error) {
    // What was scored until then may be hours of it.
    await timeline?.write().catch((unwritten: unknown) => note(errorMessage(unwritten)))
    throw error
  } finally {
    await detector.release()
  }
  await timeline?.write()
  if (failed > 0) note(`${failed} of ${counted(files.length, 'recording')} could not be scored to the end`)
  return failed > 0 ? 1 : 0
}

/** What was scored before a recording turned out to be damaged is told as well. */
async function scoreOne(
  detector: Detector,
  file: string,
  options: RecordingOptions,
  print: Printer,
  timeline: TimelineFile | undefined,
): Promise<void> {
  const segmenter = new Segmenter()
  const windows: WindowScore[] = []
  let count = 0
  const recording = file === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : file
  try {
    for await (const window of detector.scoreRecording(recording, options)) {
      count += 1
      segmenter.add(window)
      if (timeline !== undefined) windows.push(window)
      print.window?.(file, window)
    }
  } finally {
    const segments = segmenter.segments()
    if (count > 0) {
      print.end?.(file, segments)
      timeline?.add({ name: nameOf(file), windows, segments })
    }
  }
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file)

function recordingOptions(flags: LongFlags): RecordingOptions {
  const { hop, eachChannel, silence, raw, rate, rawChannels } = flags
  if (raw === undefined && (rate !== undefined || rawChannels !== undefined)) {
    throw new ArgumentTypeError(
      '--rate and --raw-channels are of samples without a header; name them with --raw',
    )
  }
  return {
    ...(hop !== undefined && { hopSeconds: hop }),
    ...(eachChannel === true && { channels: 'each' }),
    ...(silence !== undefined && { silenceDbfs: silence === 'off' ? null : silence }),
    ...(raw !== undefined && {
      format: { encoding: raw, sampleRateHz: rate ?? 16_000, channelCount: rawChannels ?? 1 },
    }),
  }
}

interface Printer {
  readonly window?: (file: string, window: WindowScore) => void
  readonly end?: (file: string, segments: readonly RecordingSegment[]) => void
  readonly failure: (file: string, error: AasistError) => void
}

function jsonPrinter(): Printer {
  return {
    window: (file, window) => printJson({ file, ...window }),
    end: (file, segments) => printJson({ file, segments }),
    failure: (file, { code, message }) => printJson({ file, error: { code, message } }),
  }
}

function csvPrinter(): Printer {
  printLine('file,channel,start_seconds,end_seconds,score,decision,spoof_probability')
  return {
    window(file, window) {
      const { channel, startSeconds, endSeconds, score } = window
      const probability = window.silent ? null : window.spoofProbability
      const decision = window.silent ? 'silence' : window.decision
      const cells = [channel, startSeconds, endSeconds, score, decision, probability]
      printLine([quoted(file), ...cells.map(cell => String(cell ?? ''))].join(','))
    },
    failure: noteFailure,
  }
}

/** As RFC 4180 has it. A name that a spreadsheet would take for a formula is still the file's name. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function plainPrinter(): Printer {
  return {
    end(file, segments) {
      printLine(printable(nameOf(file)))
      for (const segment of segments) printLine(shown(segment))
    },
    failure: noteFailure,
  }
}

function noteFailure(file: string, error: AasistError): void {
  note(`${about(file, error.message)} [${error.code}]`)
  if (errorCode(error) === 'AUDIO_NOT_FOUND') noteNearest(file)
}

function shown({
  channel,
  startSeconds,
  endSeconds,
  decision,
  windows,
  ...scores
}: RecordingSegment): string {
  const { lowestScore, meanScore, highestScore } = scores
  const times = `${clock(startSeconds)} - ${clock(endSeconds)}`
  const range =
    meanScore === null
      ? ''
      : `${meanScore.toFixed(2).padStart(6)}  (${lowestScore!.toFixed(2)} to ${highestScore!.toFixed(2)})`
  const which = channel === null ? '' : `  channel ${channel}`
  return `  ${times}${which}  ${(decision ?? '-').padEnd(8)}  ${range.padEnd(rangeWidth)}  ${counted(windows, 'window')}`
}

/** A mean, and from the lowest to the highest, all with two digits before the point. */
const rangeWidth = '-10.00  (-10.00 to -10.00)'.length

/** Hours, minutes, seconds and tenths. */
function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const whole = Math.floor(tenths / 10)
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}.${tenths % 10}`
}
