/**
 * A clip's time against the floor of float32: the arithmetic of the network's convolutions at the peak of one core,
 * which is measured in turns with the runs. `tsx bench/float-floor.ts`; needs g++.
 */
import './no-telemetry'
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as ort from 'onnxruntime-node'
import { convertCheckpoint } from '../lib'
import { loadClip } from '../lib/audio'
import type { Graph } from '../lib/model/graph'
import { readOnnx } from '../lib/model/onnx/read'
import { inferShapes } from '../lib/model/shapes'
import { describeMachine, median } from './alternate'
import { checkpoint, clipPaths } from './clips'
import { Scratch } from './npu-model'

const windowSamples = 64_600
const rounds = 31
const warmUpRuns = 3

/** A multiplication and an addition for each weight that a result of a convolution takes in. */
function convolutionFlop(graph: Graph): number {
  const shapes = inferShapes(graph)
  const sizeOf = (value: string): number => {
    const shape = shapes.get(value)
    if (shape === undefined) throw new Error(`the shape of ${value} is not known`)
    return shape.reduce((product, size) => product * size, 1)
  }
  return graph.nodes
    .filter(({ op }) => op === 'Conv')
    .map(({ inputs, outputs }) => {
      const [filters] = shapes.get(inputs[1]!)!
      return (2 * sizeOf(outputs[0]!) * sizeOf(inputs[1]!)) / filters!
    })
    .reduce((sum, flop) => sum + flop, 0)
}

interface Peak {
  /** 10⁹ operations a second. */
  readonly gflopsPerSecond: number
  readonly vectors: string
}

function startPeak(folder: string): { measure(): Promise<Peak>; end(): void } {
  const program = join(folder, 'peak-flops')
  const options = ['-std=c++17', '-O3', '-ffp-contract=fast', '-Wall', '-Wextra', '-Werror']
  execFileSync('g++', [...options, join(__dirname, 'peak-flops.cc'), '-o', program])
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    measure: async () => {
      child.stdin.write('\n')
      const line = await lines.next()
      if (line.done === true) throw new Error('peak-flops ended early')
      const [, gflopsPerSecond, vectors] = /^(\S+) (.+)$/.exec(line.value)!
      return { gflopsPerSecond: Number(gflopsPerSecond), vectors: vectors! }
    },
    end: () => child.stdin.end(),
  }
}

/** Processor time, which other work on the machine takes little from. */
async function clipMs(session: ort.InferenceSession, window: Float32Array): Promise<number> {
  const before = process.cpuUsage()
  await session.run({ input: new ort.Tensor('float32', window, [1, windowSamples]) }, ['logits'])
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function main(): Promise<void> {
  const { samples } = await loadClip(readFileSync(clipPaths[0]!), { windowSamples })
  const targets = ['plain', 'cpu'] as const
  const models = targets.map(target => convertCheckpoint(checkpoint.bytes, checkpoint.config, { target }))
  const gflop = convolutionFlop(readOnnx(models[0]!)) / 1e9
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  const sessions = await Promise.all(models.map(onnx => ort.InferenceSession.create(onnx, options)))
  const scratch = new Scratch()
  let peak: ReturnType<typeof startPeak> | undefined
  try {
    peak = startPeak(scratch.folder)
    for (const session of sessions) for (let run = 0; run < warmUpRuns; run++) await clipMs(session, samples)
    const peaks: Peak[] = []
    const times = targets.map((): number[] => [])
    for (let round = 0; round < rounds; round++) {
      peaks.push(await peak.measure())
      for (const [index, session] of sessions.entries()) times[index]!.push(await clipMs(session, samples))
    }
    const floorsMs = peaks.map(({ gflopsPerSecond }) => (1000 * gflop) / gflopsPerSecond)
    console.log(describeMachine())
    console.log(
      `one core: ${median(peaks.map(({ gflopsPerSecond }) => gflopsPerSecond)).toFixed(1)} GFLOP/s with ${peaks[0]!.vectors}; ` +
        `${gflop.toFixed(2)} GFLOP of convolutions a clip: floor ${median(floorsMs).toFixed(1)} ms`,
    )
    for (const [index, target] of targets.entries()) {
      const ratios = times[index]!.map((ms, round) => ms / floorsMs[round]!)
      const sorted = [...ratios].sort((a, b) => a - b)
      console.log(
        `${target.padEnd(6)} ${median(times[index]!).toFixed(1).padStart(6)} ms a clip, ${median(ratios).toFixed(2)} times the floor ` +
          `(${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)}; medians of ${rounds} rounds, one thread)`,
      )
    }
  } finally {
    peak?.end()
    scratch.remove()
    await Promise.all(sessions.map(session => session.release()))
  }
}

void main()
