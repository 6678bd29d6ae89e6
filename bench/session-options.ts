/** What onnxruntime's own settings do to a run of the `cpu` graph: one thread each, the contenders in turns. */
import './no-telemetry'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import * as ort from 'onnxruntime-node'
import { convertCheckpoint } from '../lib'
import { loadClip } from '../lib/audio'
import { describeMachine, median } from './alternate'
import { checkpoint, clipPaths } from './clips'

const windowSamples = 64_600
const rounds = 15
const oneThread: ort.InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1 }

const settings: Readonly<Record<string, ort.InferenceSession.SessionOptions>> = {
  'one thread': {},
  'memory pattern off': { enableMemPattern: false },
  'arena off': { enableCpuMemArena: false },
  'denormals as zero': { extra: { session: { set_denormal_as_zero: '1' } } },
  'weights not packed': { extra: { session: { disable_prepacking: '1' } } },
  'operators in parallel': { executionMode: 'parallel' },
}

interface Contender {
  readonly name: string
  readonly batch: number
  readonly session: ort.InferenceSession
  readonly clipMs: number[]
}

async function open(
  name: string,
  batch: number,
  options: ort.InferenceSession.SessionOptions,
): Promise<Contender> {
  const onnx = convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu', batch })
  const session = await ort.InferenceSession.create(onnx, { ...oneThread, ...options })
  return { name, batch, session, clipMs: [] }
}

/** Processor time, which other work on the machine takes nothing from. */
async function measure({ session, batch, clipMs }: Contender, window: Float32Array): Promise<void> {
  const data = new Float32Array(batch * windowSamples)
  for (let row = 0; row < batch; row += 1) data.set(window, row * windowSamples)
  const before = process.cpuUsage()
  await session.run({ input: new ort.Tensor('float32', data, [batch, windowSamples]) }, ['logits'])
  const { user, system } = process.cpuUsage(before)
  clipMs.push((user + system) / 1000 / batch)
}

const loopRuns = 20
const loopVariable = 'AASIST_BENCH_LOOP'

/** A process that runs on one CPU of its own, or wherever the system puts it. */
async function runsASecond(cpus: readonly (number | null)[]): Promise<number> {
  const script = [process.execPath, ...process.execArgv, __filename]
  const children = cpus.map(cpu => {
    const [program, ...args] = cpu === null ? script : ['taskset', '-c', String(cpu), ...script]
    return spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, [loopVariable]: '1' },
    })
  })
  const rates = children.map(async child => Number(String((await once(child.stdout, 'data'))[0])))
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0)
}

async function loop(window: Float32Array): Promise<void> {
  const { session } = await open('loop', 1, {})
  const feeds = { input: new ort.Tensor('float32', window, [1, windowSamples]) }
  for (let run = 0; run < 3; run += 1) await session.run(feeds, ['logits'])
  const beganAtMs = performance.now()
  for (let run = 0; run < loopRuns; run += 1) await session.run(feeds, ['logits'])
  console.log((1000 * loopRuns) / (performance.now() - beganAtMs))
}

async function main(): Promise<void> {
  const { samples } = await loadClip(readFileSync(clipPaths[0]!), { windowSamples })
  if (process.env[loopVariable] === '1') return loop(samples)
  console.log(describeMachine())
  const contenders: Contender[] = []
  for (const [name, options] of Object.entries(settings)) contenders.push(await open(name, 1, options))
  for (const batch of [2, 8]) contenders.push(await open(`batch ${batch}`, batch, {}))
  for (const contender of contenders) await measure(contender, samples)
  for (const { clipMs } of contenders) clipMs.length = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) await measure(contender, samples)
  }
  const [usual] = contenders as [Contender]
  for (const { name, clipMs } of contenders) {
    const ratio = median(clipMs.map((ms, round) => usual.clipMs[round]! / ms))
    console.log(`${name.padEnd(24)} ${median(clipMs).toFixed(1).padStart(6)} ms a clip, ${ratio.toFixed(3)}`)
  }
  const cpus = Array.from({ length: availableParallelism() }, (_, cpu) => cpu)
  const [free, pinned]: [number[], number[]] = [[], []]
  for (let round = 0; round < 3; round += 1) {
    free.push(await runsASecond(cpus.map(() => null)))
    pinned.push(await runsASecond(cpus))
  }
  console.log(
    `${cpus.length} processes: ${median(free).toFixed(2)} clips a second, each pinned to a CPU ${median(pinned).toFixed(2)}`,
  )
}

void main()
