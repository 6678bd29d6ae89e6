/** Sets up a load, runs it in a process of its own, and gathers what it and the simulator say of it. */
import { fork } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertCheckpoint } from '../../lib'
import { compile } from '../lifecycle/compiled'
import { demoClips, demoGolden, tinyModel } from '../scoring/support'
import { modelPath } from '../session/support'
import { neutralEnvironment, root } from '../support/environment'
import { generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { addonPath, OfflineModels, simulatorLibrary, simulatorSettings } from '../support/native'
import { reportsIn, type SimulatorReport } from '../support/simulator-report'
import type { Speech } from './detector-lanes'
import { faultPlan } from './fault-plan'
import type { LoadMessage, LoadTask } from './load'
import type { Sample } from './sample'

export interface Outcome {
  readonly samples: readonly Sample[]
  readonly end: Extract<LoadMessage, { kind: 'end' }> | undefined
  /** Why it could not go on. */
  readonly broken: string | undefined
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  /** Nothing native may print. */
  readonly printed: string
  /** By the simulator, at its end. */
  readonly report: SimulatorReport | undefined
}

export interface LoadOptions {
  readonly seconds: number
  readonly sampleSeconds: number
  readonly restSeconds: number
  readonly onSample?: (message: Extract<LoadMessage, { kind: 'sample' }>) => void
}

function badFiles(folder: string): Speech['bad'] {
  const path = (name: string): string => join(folder, name)
  writeFileSync(path('text.wav'), 'no speech at all, and no header either')
  writeFileSync(path('empty.flac'), '')
  copyFileSync(demoClips[0]!, path('cut.flac'))
  truncateSync(path('cut.flac'), 3000)
  mkdirSync(path('folder.wav'))
  return [
    { file: path('text.wav'), code: 'AUDIO_UNSUPPORTED' },
    { file: path('empty.flac'), code: 'AUDIO_EMPTY' },
    { file: path('cut.flac'), code: 'AUDIO_TRUNCATED' },
    { file: path('folder.wav'), code: 'AUDIO_UNREADABLE' },
    { file: path('missing.wav'), code: 'AUDIO_NOT_FOUND' },
  ]
}

function speechIn(models: OfflineModels): Speech {
  const onnx = join(models.folder, 'tiny.onnx')
  const { checkpoint, config } = tinyModel
  writeFileSync(onnx, convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), { batch: 1 }))
  const { nbSamp, inputs, logits } = readJson(checkpoint.replace('.pth', '.golden.json')) as GeneratedGolden
  return {
    clips: demoClips.map((file, index) => ({ file, score: demoGolden[index]!.logits[1] })),
    bad: badFiles(models.folder),
    om: models.compile(onnx),
    signals: inputs.map((input, index) => ({
      samples: generatedSignal(input, nbSamp),
      score: logits[index]![1]!,
    })),
  }
}

/** For the longest round, and to give everything back. */
const longestEndSeconds = 300

/** Runs that a second brings at most on this kind of machine: faults are planned for so many. */
const tasksPerSecond = 300

export async function runLoad({
  seconds,
  sampleSeconds,
  restSeconds,
  onSample,
}: LoadOptions): Promise<Outcome> {
  const models = new OfflineModels()
  const compiled = compile(['test/soak/load', 'test/soak/worker'])
  try {
    const forms = (name: 'add' | 'slow') => ({ onnx: modelPath(name), om: models.compile(modelPath(name)) })
    const task: LoadTask = {
      package: join(root, 'dist', 'index.js'),
      library: simulatorLibrary,
      add: forms('add'),
      slow: forms('slow'),
      speech: speechIn(models),
      seconds,
      sampleSeconds,
      restSeconds,
    }
    const reportPath = join(models.folder, 'report.jsonl')
    const child = fork(compiled.script('test/soak/load'), {
      env: {
        ...neutralEnvironment(),
        ...simulatorSettings(),
        AASIST_ADDON: addonPath,
        ACL_SIM_REPORT: reportPath,
        ACL_SIM_MEMORY_MB: '2048',
        // As docs/usage.md advises: what sixteen arenas keep of threads that are gone hides a leak.
        MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2',
        ACL_SIM_FAULTS: faultPlan({ tasks: Math.max(20_000, seconds * tasksPerSecond), seed: 9 }),
      },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const samples: Sample[] = []
    let end: Outcome['end']
    let broken: string | undefined
    let printed = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        // Thousands of lines say no more than the first ones.
        if (printed.length < 20_000) printed += text
      })
    child.on('message', message => {
      const said = message as LoadMessage
      if (said.kind === 'end') end = said
      else if (said.kind === 'broken') broken = said.reason
      else {
        samples.push(said.sample)
        onSample?.(said)
      }
    })
    child.send(task)
    // One that has stopped talking too.
    const watchdog = setTimeout(
      () => {
        broken = 'did not come to its end'
        child.kill('SIGKILL')
      },
      (seconds + longestEndSeconds) * 1000,
    )
    const { status, signal } = await new Promise<Pick<Outcome, 'status' | 'signal'>>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, killedBy) => resolve({ status: code, signal: killedBy }))
    })
    clearTimeout(watchdog)
    const report = existsSync(reportPath) ? reportsIn(reportPath).at(-1) : undefined
    return { samples, end, broken, status, signal, printed, report }
  } finally {
    compiled.remove()
    models.remove()
  }
}
