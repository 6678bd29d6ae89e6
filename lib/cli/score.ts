/** `aasist score`: files and folders in, one line a file out. */
import type { Command } from 'commander'
import { errorCode, type AasistError } from '../errors'
import { Detector, startProgress, type ExpectedErrors, type FileScore } from '../scoring'
import { findAudioFiles } from './audio-files'
import { parseRule } from './calibrate'
import { compilationNotes } from './compile-progress'
import { noteNearest, type ExitCode } from './exit'
import { addModelOptions, detectorOptions, judgementOptions, parseNumber } from './options'
import { addLongOptions, assertNoLongFlags, scoreLong, type LongFlags } from './score-long'
import { about, counted, note, printable, printJson, printLine, showProgressOfResults } from './terminal'
import type { ProgressDisplay } from './terminal'
import { tileNotes } from './tile-notes'
import { WarningSummary } from './warning-summary'

export function addScoreCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('score')
    .description('score audio files; higher means more genuine')
    .argument('<files...>', 'WAV and FLAC files, and folders of them')
    .option(
      '--model <file>',
      'checkpoint (.pth), ONNX model or offline model (.om) (default: the demo weights)',
    )
    .option(
      '--threshold <score>',
      "scores at or above it are taken for bona fide (default: the calibration's, or the model card's)",
      parseNumber,
    )
    .option(
      '--calibration <file>',
      'of aasist calibrate, of this model: log-likelihood ratios, and decisions with the errors they are known to make',
    )
    .option('--decide-by <rule>', "another of the calibration's thresholds, such as min-dcf", parseRule)
    .option(
      '--spoof-prior <share>',
      'with a calibration: the probability of a spoof, where that share of all clips are spoofs',
      parseNumber,
    )
    .option('--json', 'JSON Lines, one object a file')
  addModelOptions(addLongOptions(command))
    .addHelpText(
      'after',
      '\nExample:\n  aasist score call.wav recordings/ --model AASIST-L.pth --json\n' +
        '  aasist score meeting.mp3 --long --each-channel --csv\n' +
        '  arecord -f S16_LE -r 16000 -t raw | aasist score - --long --raw s16le --json',
    )
    .action((files: string[], flags: LongFlags) => run(signal => score(files, flags, signal)))
}

async function score(inputs: readonly string[], flags: LongFlags, signal: AbortSignal): Promise<ExitCode> {
  if (flags.long === true) return scoreLong(inputs, flags, signal)
  assertNoLongFlags(flags)
  const { files, ignored } = await findAudioFiles(inputs)
  if (ignored > 0) note(`left out ${counted(ignored, 'file')} without an audio ending`)
  const detector = await Detector.load({
    ...detectorOptions(flags),
    onCompile: compilationNotes(),
    onTiles: tileNotes(),
    ...judgementOptions(flags),
    signal,
  })
  let failed = 0
  const display = showProgressOfResults()
  const progress = startProgress({ utterances: files.length, files: files.length })
  const said = new Set<string>()
  const noteOnce = (text: string): void => {
    if (!said.has(text)) display.note(text)
    said.add(text)
  }
  const clipWarnings = new WarningSummary()
  try {
    const onProgress = ({
      done,
      failed: failures,
    }: {
      readonly done: number
      readonly failed: number
    }): void => display.update(progress({ done, failed: failures, files: done }))
    for await (const result of detector.scoreFiles(files, { signal, onProgress })) {
      if (result.error !== undefined) failed += 1
      for (const { device, error } of result.failedOver) {
        const name = device.kind === 'cpu' ? 'the CPU' : `NPU ${device.id}`
        display.note(
          `${printable(result.file)} failed on ${name}: ${printable(error.message)} [${errorCode(error) ?? ''}]`,
        )
      }
      if (flags.json === true) printJson(jsonOf(result))
      else if (result.error !== undefined) noteFailure(result, display)
      else printPlain(result, noteOnce, clipWarnings)
    }
  } finally {
    display.stop()
    for (const line of clipWarnings.lines()) note(line)
    await detector.release()
  }
  if (failed > 0) note(`${failed} of ${counted(files.length, 'file')} could not be scored`)
  return failed > 0 ? 1 : 0
}

function jsonOf(result: FileScore): unknown {
  const { file, error } = result
  if (error !== undefined) return { file, error: { code: error.code, message: error.message } }
  const { score, decision, threshold, durationSeconds, device, warnings } = result
  const { logLikelihoodRatio, spoofProbability, expectedErrors } = result
  const calibrated =
    logLikelihoodRatio === null ? {} : { logLikelihoodRatio, spoofProbability, expectedErrors }
  return { file, score, decision, threshold, ...calibrated, durationSeconds, device, warnings }
}

/** Warnings that every clip of a run has. */
const aboutModel: ReadonlySet<string> = new Set(['MODEL_NOTICE', 'NPU_SIMULATED', 'CALIBRATION_OTHER_MODEL'])

function noteFailure({ file, error }: FileScore & { error: AasistError }, display: ProgressDisplay): void {
  display.note(`${about(file, error.message)} [${error.code}]`)
  if (error.code === 'AUDIO_NOT_FOUND') noteNearest(file)
}

function printPlain(
  result: FileScore & { error?: undefined },
  noteOnce: (text: string) => void,
  clipWarnings: WarningSummary,
): void {
  const { file } = result
  const { score, decision, threshold, thresholdSource, durationSeconds, warnings, spoofProbability } = result
  // What is true of the model is true of every file, and on a terminal stands above the first.
  noteOnce(
    threshold === null
      ? 'note: no decisions without a threshold; name one with --threshold'
      : `note: bona fide from ${threshold} up (${thresholdSource ?? 'option'})`,
  )
  if (spoofProbability !== null)
    noteOnce('note: the third column is the probability of a spoof at the prior that was given')
  if (result.expectedErrors !== null) noteOnce(`note: ${shownErrors(result.expectedErrors)}`)
  for (const { code, message } of warnings) {
    if (aboutModel.has(code)) noteOnce(`note: ${message}`)
    else clipWarnings.add(code, file, message)
  }
  const probability = spoofProbability === null ? '' : `${shownProbability(spoofProbability)}  `
  printLine(
    `${score.toFixed(4).padStart(9)}  ${(decision ?? '-').padEnd(8)}  ${probability}${durationSeconds.toFixed(2).padStart(7)} s  ${printable(file)}`,
  )
}

/** Five digits near both ends too: 0.99999 is another thing than 1. */
const shownProbability = (probability: number): string =>
  (probability < 0.001 ? probability.toExponential(1) : probability.toFixed(5)).padStart(7)

function shownErrors({ missRate, falseAlarmRate, bonafide, spoof }: ExpectedErrors): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  return `on the calibration's trials this refused ${percent(missRate)} of ${bonafide} bona fide and accepted ${percent(falseAlarmRate)} of ${spoof} spoofs`
}
