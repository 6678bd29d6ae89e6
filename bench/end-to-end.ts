/**
 * From FLAC files to scores: `scoreFiles` against the loop one would write first (read, decode, `session.run` of the
 * plain export with onnxruntime-node's default options). The decoder is the same in both.
 */
import './no-telemetry'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Detector } from '../lib'
import { alternate, describeMachine, median, medianRatio, report } from './alternate'
import { clipPaths } from './clips'
import { openStraightforwardLoop } from './straightforward'

const rounds = 5

async function main(): Promise<void> {
  const clips = clipPaths.slice(0, 48)
  await using straightforward = await openStraightforwardLoop()
  const detector = await Detector.load()
  const delays: { p50: number; p99: number; max: number }[] = []
  const scoreFiles = async (): Promise<void> => {
    // A new one each time: a histogram that is switched on again counts the time it was off.
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    for await (const { file, error } of detector.scoreFiles(clips)) {
      if (error !== undefined) throw new Error(`${file} has no score`, { cause: error })
    }
    delay.disable()
    delays.push({ p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 })
  }
  console.log(describeMachine())
  const [slow, fast] = await alternate(
    [
      { name: 'straightforward loop', run: () => straightforward.run(clips) },
      { name: 'scoreFiles', run: scoreFiles },
    ],
    rounds,
  )
  report([slow!, fast!], clips.length)
  console.log(`ratio ${medianRatio(slow!, fast!).toFixed(3)} (median of ${rounds} rounds)`)
  const of = (name: 'p50' | 'p99' | 'max'): string => median(delays.map(delay => delay[name])).toFixed(2)
  console.log(
    `event-loop delay during scoreFiles: p50 ${of('p50')} ms, p99 ${of('p99')} ms, max ${of('max')} ms (medians)`,
  )
  await detector.release()
}

void main()
