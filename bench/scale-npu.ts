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
import { describeMachine, median } from './alternate'
import { clipPaths } from './clips'
import { writeCorpus } from './corpus'
import { Scratch, library } from './npu-model'

const executeUs = 100
const lengths = [1000, 10_000, 71_237]

async function measure(folder: string, length: number, model: string): Promise<void> {
  const tenth = Math.floor(length / 10)
  const marks: { readonly atMs: number; readonly cpuMs: number; readonly rssMb: number }[] = []
  const cpuBefore = process.cpuUsage()
  const beganAtMs = performance.now()
  await evaluate({
    model,
    data: join(folder, String(length)),
    out: join(folder, `${length}-results`),
    device: 0,
    asvPreset: 'la2019-eval',
    onProgress: ({ done }) => {
      if (done % tenth === 0)
        marks[done / tenth] = {
          atMs: performance.now(),
          cpuMs: cpuMs(),
          rssMb: process.memoryUsage.rss() / 2 ** 20,
        }
    },
  })
  const seconds = (performance.now() - beganAtMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  // The very first tenth holds the start of the threads.
  const tenths = [2, 3, 4, 5, 6, 7, 8, 9, 10]
  const rates = tenths.map(index => (1000 * tenth) / (marks[index]!.atMs - marks[index - 1]!.atMs))
  const costs = tenths.map(index => (marks[index]!.cpuMs - marks[index - 1]!.cpuMs) / tenth)
  const lastByFirst = (values: readonly number[]): number =>
    median(values.slice(-3)) / median(values.slice(0, 3))
  const peakMb = process.resourceUsage().maxRSS / 1024
  console.log(
    `${String(length).padStart(10)} ${peakMb.toFixed(0).padStart(5)} MB ${seconds.toFixed(1).padStart(7)} s ` +
      `${(length / seconds).toFixed(1).padStart(7)} clips/s, ${((user + system) / 1000 / length).toFixed(2)} ms of CPU a clip; ` +
      `last three tenths by tenths 2 to 4: clips/s ${lastByFirst(rates).toFixed(3)}, CPU a clip ${lastByFirst(costs).toFixed(3)}\n` +
      `${' '.repeat(11)}clips/s by tenths: ${rates.map(rate => rate.toFixed(0)).join(' ')}; ` +
      `ms of CPU a clip: ${costs.map(cost => cost.toFixed(2)).join(' ')}; ` +
      `MB: ${tenths.map(index => marks[index]!.rssMb.toFixed(0)).join(' ')}`,
  )
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
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
