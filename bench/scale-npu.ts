/**
 * A whole evaluation on a simulated NPU that takes 100 µs a run, so that what is left is this package's own: memory by the
 * length of the list, whether the end is slower than the beginning, and what a clip costs the CPU. FLAC clips of some
 * three seconds, which are links to the demo's. Each length in a process of its own. `tsx bench/scale-npu.ts`
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evaluate } from '../lib'
import { describeMachine } from './alternate'
import { clipPaths } from './clips'
import { writeCorpus } from './corpus'
import { Scratch, library } from './npu-model'

const executeUs = 100
const lengths = [1000, 10_000, 71_237]

async function measure(folder: string, length: number, model: string): Promise<void> {
  const tenth = Math.floor(length / 10)
  const marks: number[] = []
  const cpuBefore = process.cpuUsage()
  const beganAtMs = performance.now()
  await evaluate({
    model,
    data: join(folder, String(length)),
    out: join(folder, `${length}-results`),
    device: 0,
    asvPreset: 'la2019-eval',
    onProgress: ({ done }) => {
      if (done % tenth === 0) marks[done / tenth] = performance.now()
    },
  })
  const seconds = (performance.now() - beganAtMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  // The very first tenth holds the start of the threads.
  const rate = (index: number): number => (1000 * tenth) / (marks[index]! - marks[index - 1]!)
  const peakMb = process.resourceUsage().maxRSS / 1024
  console.log(
    `${String(length).padStart(10)} ${peakMb.toFixed(0).padStart(5)} MB ${seconds.toFixed(1).padStart(7)} s ` +
      `${(length / seconds).toFixed(1).padStart(7)} clips/s, tenths 2 and 10: ${rate(2).toFixed(1)} and ${rate(10).toFixed(1)} ` +
      `(${(rate(10) / rate(2)).toFixed(3)} times); ${((user + system) / 1000 / length).toFixed(2)} ms of CPU a clip`,
  )
}

async function main(): Promise<void> {
  const [folder, length, model] = (process.env['SCALE_NPU_ROUND'] ?? '').split(' ')
  if (model !== undefined) return measure(folder!, Number(length), model)
  const models = new Scratch()
  const scratch = mkdtempSync(join(tmpdir(), 'aasist-scale-npu-'))
  try {
    console.log(describeMachine())
    const om = models.compileAasist()
    console.log('utterances  peak       time')
    for (const each of lengths) {
      writeCorpus(join(scratch, String(each)), each, clipPaths)
      const env = {
        ...process.env,
        SCALE_NPU_ROUND: [scratch, each, om].join(' '),
        ACL_SIM_EXEC_US: String(executeUs),
        ACL_SIM_DEVICES: '1',
        AASIST_ACL_LIBRARY: library,
      }
      await once(fork(__filename, { env }), 'exit')
    }
  } finally {
    models.remove()
    rmSync(scratch, { recursive: true, force: true })
  }
}

void main()
