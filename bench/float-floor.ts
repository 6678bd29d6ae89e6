/**
 * How far a clip is from the floor of float32: the processor time of a one-thread session against the time that the
 * network's multiplications and additions would take at the core's peak, both measured in turns. Processor time, because
 * it does not grow when other programs want the cores. `npx tsx bench/float-floor.ts` (needs g++)
 */
import { readFileSync } from 'node:fs'
import { convertCheckpoint, OrtSession } from '../lib'
import { loadClip } from '../lib/audio'
import { describeMachine, median } from './alternate'
import { checkpoint, clipPaths } from './clips'
import { Scratch, samples } from './npu-model'
import { startPeer } from './peer'

const rounds = 15
const clipsPerRound = 4
/** Of AASIST-L's convolutions for one window, rounded down: 6.4e9 multiplications, as many additions. */
const gigaflopPerClip = 12.8

interface Peak {
  readonly gigaflops: number
  readonly instructions: string
}

async function main(): Promise<void> {
  const scratch = new Scratch()
  try {
    const { samples: data } = await loadClip(readFileSync(clipPaths[0]!), { windowSamples: samples })
    const feeds = { input: { type: 'float32', dims: [1, samples], data } } as const
    const target = convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu' })
    await using session = await OrtSession.create(target, { threads: 1 })
    const peak = await startPeer<Peak, Peak>(scratch.compilePeer('peak_flops'), [])
    const measured: { peak: number; clipMs: number; ratio: number }[] = []
    await session.run(feeds)
    for (let round = 0; round < rounds; round++) {
      const { gigaflops } = await peak.round('')
      const before = process.cpuUsage()
      for (let clip = 0; clip < clipsPerRound; clip++) await session.run(feeds)
      const { user, system } = process.cpuUsage(before)
      const clipMs = (user + system) / 1000 / clipsPerRound
      measured.push({ peak: gigaflops, clipMs, ratio: (clipMs * gigaflops) / 1000 / gigaflopPerClip })
    }
    peak.end()
    const tell = (of: 'peak' | 'clipMs' | 'ratio', digits: number): string => {
      const values = measured.map(round => round[of])
      return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`
    }
    console.log(`${describeMachine()}, medians of ${rounds} rounds (range)`)
    console.log(`float32 peak of a core, ${peak.ready.instructions}: ${tell('peak', 1)} GFLOP/s`)
    console.log(`processor time of a clip, one thread: ${tell('clipMs', 1)} ms`)
    console.log(`times the floor of ${gigaflopPerClip} GFLOP at that peak: ${tell('ratio', 2)}`)
  } finally {
    scratch.remove()
  }
}

void main()
