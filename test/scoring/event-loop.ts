/**
 * Runs in a process of its own, on the built package: scores files and measures how long the event loop was held up.
 *   event-loop <dist/index.js> <file>...
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type * as Package from '../../lib'

async function main([index, ...files]: readonly string[]): Promise<void> {
  const { Detector } = (await import(index!)) as typeof Package
  const detector = await Detector.load()
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const scores: unknown[] = []
  for await (const { file, ...result } of detector.scoreFiles(files)) scores.push([file, result])
  delays.disable()
  await detector.release()
  console.log(JSON.stringify({ p99Ms: delays.percentile(99) / 1e6, samples: delays.count, scores }))
}

void main(process.argv.slice(2))
