/**
 * This package beside what else one would run AASIST-L with on CPUs: onnxruntime-node in the loop one would write first,
 * PyTorch in the loop of an evaluation script, and OpenVINO in its throughput mode. Scores are compared before anything
 * is timed. `npx tsx bench/peers.ts`; Python packages are installed on demand, or AASIST_PEERS_PYTHON names a Python
 * that has those of peers/requirements.txt.
 */
import './no-telemetry'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertCheckpoint, createPool, demoCheckpoint, Detector } from '../lib'
import type { SessionPool } from '../lib'
import { loadClip } from '../lib/audio'
import { alternate, describeMachine, median, medianRatio, report } from './alternate'
import type { Contender, Measurement } from './alternate'
import { checkpoint, clipPaths } from './clips'
import { hasBfloat16, peersPython } from './peers/environment'
import { startPeer } from './peer'
import type { Peer } from './peer'
import { openStraightforwardLoop } from './straightforward'

const windowSamples = 64_600
const rounds = 5
const fileClips = clipPaths.slice(0, 16)
const windowClips = clipPaths.slice(0, 24)
const float32Tolerance = 1e-4

interface Round {
  readonly milliseconds: number
  readonly cpuMilliseconds: number
}

interface TorchReady {
  readonly version: string
  readonly scores: readonly number[]
}

interface OpenvinoReady {
  readonly version: string
  /** By precision; of every window [spoof, bona fide]. */
  readonly logits: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly requests: Readonly<Record<string, number>>
}

function contender<Ready>(name: string, peer: Peer<Ready, Round>, request: string): Contender {
  let cpuMs = 0
  return {
    name,
    run: async () => {
      cpuMs += (await peer.round(request)).cpuMilliseconds
    },
    cpuMs: () => cpuMs,
  }
}

function largestDifference(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) throw new Error(`${theirs.length} numbers for ${ours.length}`)
  const differences = ours.map((value, index) => Math.abs(value - theirs[index]!))
  // A NaN is a difference too, but Math.max alone would not fail a comparison with a limit.
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences)
}

function requireSame(name: string, difference: number): void {
  console.log(`${name}: largest difference from this package's ${difference.toExponential(1)}`)
  if (difference > float32Tolerance) throw new Error(`${name} is off by more than ${float32Tolerance}`)
}

function tell(ours: Measurement, theirs: Measurement, goal: number): void {
  const ratio = medianRatio(theirs, ours)
  const all = theirs.wallSeconds.map((seconds, round) => seconds / ours.wallSeconds[round]!)
  const [least, most] = [Math.min(...all).toFixed(2), Math.max(...all).toFixed(2)]
  console.log(
    `${`times ${theirs.name}`.padEnd(44)} ${ratio.toFixed(2).padStart(6)}          (${least} to ${most}), goal ${goal.toFixed(2)}: ${ratio >= goal ? 'hit' : 'missed'}`,
  )
}

async function scoresOf(detector: Detector): Promise<number[]> {
  const scores: number[] = []
  for await (const result of detector.scoreFiles(fileClips)) {
    if (result.error !== undefined) throw new Error(`${result.file} has no score`, { cause: result.error })
    scores.push(result.score)
  }
  return scores
}

/** From FLAC files to scores. */
async function fromFiles(python: string): Promise<void> {
  await using straightforward = await openStraightforwardLoop()
  await using detector = await Detector.load({ device: 'cpu' })
  const script = join(__dirname, 'peers', 'torch_loop.py')
  const config = demoCheckpoint.replace(/pth$/, 'conf')
  const torch = await startPeer<TorchReady, Round>(python, [script, demoCheckpoint, config, ...fileClips])
  try {
    const { version, scores } = torch.ready
    requireSame(version, largestDifference(await scoresOf(detector), scores))
    const [ours, loop, inTorch] = await alternate(
      [
        {
          name: 'scoreFiles',
          run: async () => {
            await scoresOf(detector)
          },
        },
        { name: 'straightforward onnxruntime-node loop', run: () => straightforward.run(fileClips) },
        contender(version, torch, 'go'),
      ],
      rounds,
    )
    report([ours!, loop!, inTorch!], fileClips.length)
    tell(ours!, loop!, 1.35)
    tell(ours!, inTorch!, 4)
  } finally {
    torch.end()
  }
}

async function runAll(pool: SessionPool, windows: readonly Float32Array[]): Promise<number[]> {
  const runs = windows.map(data =>
    pool.run({ input: { type: 'float32', dims: [1, windowSamples], data } }, ['logits']),
  )
  return (await Promise.all(runs)).flatMap(({ logits }) => [...(logits!.data as Float32Array)])
}

/** From decoded windows, the same bytes on both sides. */
async function fromWindows(python: string, folder: string): Promise<void> {
  const windows = await Promise.all(
    windowClips.map(async path => (await loadClip(readFileSync(path), { windowSamples })).samples),
  )
  const [onnx, bytes] = [join(folder, 'plain.onnx'), join(folder, 'windows.f32')]
  writeFileSync(onnx, convertCheckpoint(checkpoint.bytes, checkpoint.config))
  writeFileSync(
    bytes,
    Buffer.concat(windows.map(data => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))),
  )
  const precisions = ['f32', ...(hasBfloat16() ? ['bf16'] : [])]
  const target = convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu' })
  await using pool = await createPool(target, { device: 'cpu' })
  const script = join(__dirname, 'peers', 'openvino_queue.py')
  const openvino = await startPeer<OpenvinoReady, Round>(python, [script, onnx, bytes, ...precisions])
  try {
    const { version, logits, requests } = openvino.ready
    const ownLogits = await runAll(pool, windows)
    const difference = (precision: string): number => largestDifference(ownLogits, logits[precision]!.flat())
    requireSame(`${version} f32`, difference('f32'))
    const [ours, ...theirs] = await alternate(
      [
        {
          name: `cpu target, ${String(pool.stats().sessions)} one-thread sessions`,
          run: async () => {
            await runAll(pool, windows)
          },
        },
        ...precisions.map(precision =>
          contender(
            `${version} ${precision}, ${String(requests[precision]!)} requests in flight`,
            openvino,
            precision,
          ),
        ),
      ],
      rounds,
    )
    report([ours!, ...theirs], windows.length)
    tell(ours!, theirs[0]!, 1.4)
    if (theirs[1] === undefined) {
      console.log('bf16: not measurable, this CPU has neither avx512_bf16 nor amx_bf16')
    } else {
      tell(ours!, theirs[1], 0.95)
      const sizes = ownLogits.map(Math.abs)
      console.log(
        `bf16: largest difference of a logit ${difference('bf16').toFixed(3)} (their median size ${median(sizes).toFixed(2)})`,
      )
    }
  } finally {
    openvino.end()
  }
}

async function main(): Promise<void> {
  const python = peersPython()
  const folder = mkdtempSync(join(tmpdir(), 'aasist-bench-'))
  try {
    console.log(describeMachine())
    console.log(`from FLAC files (${fileClips.length} clips, ${rounds} rounds)`)
    await fromFiles(python)
    console.log(`from windows (${windowClips.length} of them, ${rounds} rounds)`)
    await fromWindows(python, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

void main()
