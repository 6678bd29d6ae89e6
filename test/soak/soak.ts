/**
 * `npm run soak -- --minutes 30`: everything the package has, for that long, with faults every few seconds. Ends with 1
 * where a result was wrong, an error had a code it may not have, or the process held more and more.
 */
import { parseArgs } from 'node:util'
import { runLoad } from './run-load'
import { complaints, table } from './verdict'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      'sample-seconds': { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
    },
  })
  const [minutes, sampleSeconds] = [Number(values.minutes), Number(values['sample-seconds'])]
  if (!(minutes > 0 && sampleSeconds > 0 && minutes * 60 >= 6 * sampleSeconds)) {
    console.error(
      'soak: --minutes must be a number above 0, with room for at least six samples of --sample-seconds (10)',
    )
    process.exitCode = 2
    return
  }
  console.error('soak: seconds  RSS MB  heap MB  external MB  fds  threads  children  zombies  right  errors')
  const outcome = await runLoad({
    seconds: minutes * 60,
    sampleSeconds,
    restSeconds: Math.max(sampleSeconds, Math.min(30, (minutes * 60) / 12)),
    onSample: ({ sample: now, right, failed }) => {
      const mega = (bytes: number): string => (bytes / 1e6).toFixed(1)
      const { rssBytes, heapBytes, externalBytes, fds, threads, children } = now
      console.error(
        `soak: ${[now.atSeconds, mega(rssBytes), mega(heapBytes), mega(externalBytes), fds, threads, children, now.zombies, right, failed, now.state].join('  ')}`,
      )
    },
  })
  const wrong = complaints(outcome)
  if (values.json) console.log(JSON.stringify({ ...outcome, complaints: wrong }))
  else console.log(table(outcome))
  for (const complaint of wrong) console.error(`soak: ${complaint}`)
  process.exitCode = wrong.length > 0 ? 1 : 0
}

void main()
