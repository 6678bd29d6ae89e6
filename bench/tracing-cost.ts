/**
 * What tracing channels cost a run: with nobody listening, and with a subscriber that reads each message, taking turns on
 * a simulated device that answers at once, so that nothing hides the cost. `tsx bench/tracing-cost.ts`
 */
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { AclSession, channels } from '../lib'
import { describeMachine, median } from './alternate'
import { Scratch, library } from './npu-model'
import { medianRunUs } from './run-times'

const rounds = 21
const runs = 1000
const checks = 10_000_000

/** Nanoseconds of asking whether somebody listens, which is all that a run does where nobody does. */
function checkNs(): number {
  const traced = tracingChannel(channels.sessionRun)
  let found = 0
  const startedAtMs = performance.now()
  for (let check = 0; check < checks; check++) if (traced.start.hasSubscribers) found += 1
  if (found > 0) throw new Error('somebody listens')
  return ((performance.now() - startedAtMs) * 1e6) / checks
}

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = '0'
  const scratch = new Scratch()
  try {
    await using session = await AclSession.create(scratch.compileAasist(), { libraryPath: library })
    console.log(describeMachine())
    const ended = `tracing:${channels.sessionRun}:asyncEnd`
    let heard = 0
    const listen = (): void => {
      heard += 1
    }
    const figures: { alone: number; heard: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const alone = await medianRunUs(session, runs)
      subscribe(ended, listen)
      const listened = await medianRunUs(session, runs)
      unsubscribe(ended, listen)
      figures.push({ alone, heard: listened })
    }
    if (heard !== rounds * runs) throw new Error(`${heard} messages of ${rounds * runs} runs`)
    const alone = median(figures.map(figure => figure.alone))
    const difference = median(figures.map(figure => figure.heard - figure.alone))
    console.log(
      `a run, nobody listening: ${alone.toFixed(1)} us; ${checkNs().toFixed(2)} ns of it ask whether somebody does`,
    )
    console.log(`a subscriber to its end adds ${difference.toFixed(1)} us`)
  } finally {
    scratch.remove()
  }
}

void main()
