/**
 * Windows of a recording: milliseconds each where they share the encoder, against runs of their own, at two hops; one
 * thread, in turns. Then hours of speech through `aasist score --long`: time, memory and what a tiny model leaves of both.
 * `LONG_HOURS=10 npx tsx bench/long-recording.ts` (default 1; 0 leaves the recordings out).
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { convertCheckpoint, createPool, encoderStrideSamples, type SessionPool } from '../lib'
import { decodeAudio } from '../lib/audio'
import { alternate, describeMachine, median, medianRatio } from './alternate'
import { checkpoint, clipPaths } from './clips'

const windowSamples = 64_600
const rounds = 5
const root = resolve(__dirname, '..')
/** As lib/scoring/recording/window-plan.ts has them. */
const plans = [
  { hopFrames: 4, count: 10 },
  { hopFrames: 1, count: 37 },
]

/** The bundled clips, one behind the other, over and over. */
function speech(length: number): Float32Array {
  const clips = clipPaths.map(path => decodeAudio(readFileSync(path)).channels[0]!)
  const samples = new Float32Array(length)
  for (let at = 0, clip = 0; at < length; clip++) {
    const part = clips[clip % clips.length]!.subarray(0, length - at)
    samples.set(part, at)
    at += part.length
  }
  return samples
}

async function windowTimes(): Promise<void> {
  const single = await createPool(convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu' }), {
    sessions: 1,
  })
  const run = (pool: SessionPool, samples: Float32Array): Promise<unknown> =>
    pool.run({ input: { type: 'float32', dims: [1, samples.length], data: samples } }, ['logits'])
  for (const { hopFrames, count } of plans) {
    const hopSamples = hopFrames * encoderStrideSamples
    const windows = { count, hopSamples }
    const graph = convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu', windows })
    const shared = await createPool(graph, { sessions: 1, memory: 'as needed' })
    const samples = speech((count - 1) * hopSamples + windowSamples)
    const measured = await alternate(
      [
        {
          name: 'each by itself',
          run: async () => {
            for (let at = 0; at < count; at++) {
              const from = at * hopSamples
              await run(single, samples.subarray(from, from + windowSamples))
            }
          },
        },
        {
          name: 'shared',
          run: async () => {
            await run(shared, samples)
          },
        },
      ],
      rounds,
    )
    const [apart, together] = measured as [(typeof measured)[0], (typeof measured)[0]]
    const ms = measured.map(({ wallSeconds }) => ((1000 * median(wallSeconds)) / count).toFixed(1))
    console.log(
      `hop ${hopSamples}: ${ms[0]!} ms a window by itself, ${ms[1]!} shared (${count} a run), ratio ${medianRatio(apart, together).toFixed(2)}`,
    )
    await shared.release()
  }
  await single.release()
}

/** A WAV file of so many hours, written piece by piece. */
function writeHours(path: string, hours: number): void {
  const block = Int16Array.from(speech(60 * 16_000), sample => Math.round(32_767 * sample))
  const bytes = Buffer.from(block.buffer)
  const minutes = Math.round(60 * hours)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + minutes * bytes.length, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(16_000, 24)
  header.writeUInt32LE(32_000, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(minutes * bytes.length, 40)
  const file = openSync(path, 'w')
  writeSync(file, header)
  for (let minute = 0; minute < minutes; minute++) writeSync(file, bytes)
  closeSync(file)
}

function scoreFile(path: string, flags: readonly string[]): string {
  const startedAtMs = performance.now()
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...['-r', join(__dirname, 'peak-memory.cjs'), join(root, 'dist', 'cli', 'main.js'), 'score', path],
      ...['--long', '--csv', '--device', 'cpu', ...flags],
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 30, env: { ...process.env, MALLOC_ARENA_MAX: '2' } },
  )
  if (status !== 0) throw new Error(stderr)
  const seconds = (performance.now() - startedAtMs) / 1000
  const windows = stdout.trimEnd().split('\n').length - 1
  return `${windows} windows in ${seconds.toFixed(0)} s, ${((1000 * seconds) / windows).toFixed(1)} ms each; ${stderr.trimEnd().split('\n').at(-1)!}`
}

async function main(): Promise<void> {
  const hours = Number(process.env['LONG_HOURS'] ?? 1)
  console.log(describeMachine())
  await windowTimes()
  if (hours === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'aasist-long-'))
  try {
    for (const length of [hours / 10, hours]) {
      const path = join(folder, `${length}.wav`)
      writeHours(path, length)
      for (const sessions of ['1', '2']) {
        console.log(`${length} h, ${sessions} sessions: ${scoreFile(path, ['--sessions', sessions])}`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

void main()
