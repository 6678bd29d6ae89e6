/**
 * Memory of `aasist eval` by the length of the list, with a model that costs nothing and short clips that are links to a
 * few files: what remains is the pipeline's own. Two runs of each length, alternating; the second of the longest list
 * measures a run that has nothing left to score.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { float32Tensor, type Graph } from '../lib/model/graph'
import { writeOnnx } from '../lib/model/onnx/write'
import { describeMachine } from './alternate'
import { writeCorpus } from './corpus'

const windowSamples = 16_000
const lengths = [1000, 10_000, 71_237]
const root = resolve(__dirname, '..')

/** Logits are two sums of the window, one weighted, so that clips score differently. */
function tinyModel(): Uint8Array {
  const weights = Float32Array.from({ length: 2 * windowSamples }, (_, i) => Math.sin(i) * (i % 2))
  const graph: Graph = {
    name: 'tiny',
    opset: 13,
    inputs: [{ name: 'input', dtype: 'float32', shape: [1, windowSamples] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 2] }],
    nodes: [{ name: 'sums', op: 'MatMul', inputs: ['input', 'w'], outputs: ['logits'], attributes: {} }],
    initializers: new Map([['w', float32Tensor([windowSamples, 2], weights)]]),
  }
  return writeOnnx(graph, { producerName: 'bench', metadata: {} })
}

/** 16 bits, 16 kHz, one channel. */
function wav(seed: number): Uint8Array {
  const samples = Int16Array.from({ length: windowSamples }, (_, i) => 9000 * Math.sin(i * 0.01 * (seed + 1)))
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + samples.byteLength, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(16_000, 24)
  header.writeUInt32LE(32_000, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([header, Buffer.from(samples.buffer)])
}

function evaluate(scratch: string, length: number, out: string, extra: readonly string[] = []): string {
  const startedAtMs = performance.now()
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...['-r', join(__dirname, 'peak-memory.cjs'), join(root, 'dist', 'cli', 'main.js'), 'eval'],
      ...['--model', join(scratch, 'tiny.onnx'), '--data', join(scratch, String(length))],
      ...['--out', join(scratch, out), '--asv-preset', 'la2019-eval', ...extra],
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  )
  const peak = /peak (\d+) MB/.exec(stderr)?.[1]
  if (peak === undefined || (status !== 0 && extra.length === 0)) throw new Error(stderr)
  const seconds = (performance.now() - startedAtMs) / 1000
  return `${peak.padStart(5)} MB  ${seconds.toFixed(1).padStart(6)} s`
}

const scratch = mkdtempSync(join(tmpdir(), 'aasist-scale-'))
try {
  console.log(describeMachine())
  writeFileSync(join(scratch, 'tiny.onnx'), tinyModel())
  const clips = Array.from({ length: 16 }, (_, seed) => join(scratch, `${seed}.wav`))
  for (const [seed, clip] of clips.entries()) writeFileSync(clip, wav(seed))
  for (const length of lengths) writeCorpus(join(scratch, String(length)), length, clips)
  console.log('utterances  peak      time')
  for (const round of [1, 2]) {
    for (const length of lengths) {
      const line = evaluate(scratch, length, `${length}-${round}`)
      console.log(`${String(length).padStart(10)} ${line}`)
    }
  }
  const longest = lengths.at(-1)!
  console.log(
    `${String(longest).padStart(10)} ${evaluate(scratch, longest, `${longest}-2`)}  (complete: scores nothing)`,
  )
  rmSync(join(scratch, String(longest), 'ASVspoof2019_LA_eval', 'flac'), { recursive: true })
  mkdirSync(join(scratch, String(longest), 'ASVspoof2019_LA_eval', 'flac'))
  const missing = evaluate(scratch, longest, 'missing', ['--allow-missing'])
  console.log(`${String(longest).padStart(10)} ${missing}  (no clip there: every utterance fails)`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
