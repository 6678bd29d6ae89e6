/**
 * What benchmark() reports of a simulated device, beside the times that device was told to take.
 * `tsx bench/honesty.ts`, after `npm run build`; 13 s. On a busy machine runs
 * take longer than the device, and the figures say so.
 */
import { benchmark } from '../lib'
import { describeMachine } from './alternate'
import { drawnTimesMs, settingOf, truthOf } from './drawn-times'
import { Scratch, library } from './npu-model'

const times = { medianUs: 6080, sigma: 0.1, seed: 1 }
const loop = 2000

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = settingOf(times)
  const scratch = new Scratch()
  try {
    const { devices } = await benchmark({ model: scratch.compileAasist(), loop, libraryPath: library })
    const { computeMs, throughput } = devices[0]!
    const reported = { p50: computeMs.medianMs, p99: computeMs.p99Ms, mean: computeMs.meanMs, throughput }
    const truth = truthOf(drawnTimesMs(times, { count: loop, skipped: 1 }))
    console.log(`${describeMachine()}; ${settingOf(times)}, ${loop} runs`)
    for (const name of ['p50', 'p99', 'mean', 'throughput'] as const) {
      const offPercent = 100 * (reported[name] / truth[name] - 1)
      console.log(
        `${name.padEnd(10)} ${reported[name].toFixed(3)} reported, ${truth[name].toFixed(3)} true, ${offPercent.toFixed(2)} % off`,
      )
    }
  } finally {
    scratch.remove()
  }
}

void main()
