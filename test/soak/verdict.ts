/** Whether a process holds more and more, from samples of it. */
import { median } from '../../lib/benchmark/statistics'
import type { Outcome } from './run-load'
import type { Sample } from './sample'

type Figure = Exclude<keyof Sample, 'atSeconds' | 'state' | 'zombies'>

interface Bound {
  readonly figure: Figure
  /** Of what there was, and on top of it. */
  readonly share: number
  readonly more: number
}

/**
 * How far the median of the last third may lie above that of the third before it, in moments of rest. Allocators' memory
 * breathes even then, and threads that were told to end may need a while on a busy machine.
 */
const bounds: readonly Bound[] = [
  { figure: 'rssBytes', share: 0.04, more: 8e6 },
  { figure: 'heapBytes', share: 0.03, more: 1e6 },
  { figure: 'externalBytes', share: 0.03, more: 4e6 },
  { figure: 'fds', share: 0, more: 1 },
  { figure: 'threads', share: 0, more: 1 },
  { figure: 'children', share: 0, more: 0 },
]

/** libuv starts its four when files are first read, and they stay. */
const threadsOfNode = 4

export interface Trend {
  readonly figure: Figure
  /** Median of the second third of the samples; the first one is for warming up. */
  readonly second: number
  readonly last: number
  /** What `last` may be at most. */
  readonly most: number
  readonly grew: boolean
}

const restsIn = (samples: readonly Sample[]): readonly Sample[] =>
  samples.filter(({ state }) => state === 'resting')

/** @param samples in the order of time; none where fewer than six are of moments of rest, which tell no trend */
export function trends(samples: readonly Sample[]): readonly Trend[] {
  const resting = restsIn(samples)
  const third = Math.floor(resting.length / 3)
  if (third < 2) return []
  return bounds.map(({ figure, share, more }) => {
    const values = resting.map(sample => sample[figure])
    const second = median(values.slice(-2 * third, -third))
    const last = median(values.slice(-third))
    const most = second * (1 + share) + more
    return { figure, second, last, most, grew: last > most }
  })
}

const shown = (figure: Figure, value: number): string =>
  figure.endsWith('Bytes') ? `${(value / 1e6).toFixed(1)} MB` : String(value)

/** What stands against an outcome; nothing where all is as it must be. */
export function complaints(outcome: Outcome): readonly string[] {
  const { samples, end, broken, status, signal, printed, report } = outcome
  const found: string[] = broken === undefined ? [] : [broken]
  if (status !== 0) found.push(`ended with ${signal ?? status}; 0 was expected`)
  if (printed !== '') found.push(`printed: ${printed}`)
  if (end === undefined) return [...found, 'gave no account of itself']
  const { tally, before, after } = end
  if (tally.mistakeCount > 0) found.push(`${tally.mistakeCount} mistakes`, ...tally.mistakes)
  for (const [lane, { right }] of Object.entries(tally.lanes))
    if (right === 0) found.push(`${lane}: not one right result`)
  if (Object.values(tally.lanes).every(({ errors }) => Object.keys(errors).length === 0))
    found.push('nothing failed: there were no faults')
  if (trends(samples).length === 0)
    found.push(`${restsIn(samples).length} rests say nothing of a trend: six are the least`)
  for (const { figure, second, last, most, grew } of trends(samples)) {
    if (grew)
      found.push(
        `${figure} grew from ${shown(figure, second)} to ${shown(figure, last)}; at most ${shown(figure, most)}`,
      )
  }
  if (after.children > before.children)
    found.push(`${after.children - before.children} child processes are left`)
  // Node collects no child of a worker_thread that was ended (20.20): one for each CPU session in one, until the process ends.
  const ended = tally.lanes['worker cpu ended']?.right ?? 0
  if (after.zombies > ended) found.push(`${after.zombies} zombies are left, at most ${ended} were expected`)
  if (after.threads > before.threads + threadsOfNode)
    found.push(`${after.threads} threads are left, ${before.threads} were before`)
  if (after.fds > before.fds) found.push(`${after.fds} files are open, ${before.fds} were before`)
  if (report === undefined) return [...found, 'the simulator wrote no report']
  for (const [what, count] of Object.entries(report.leaks))
    if (count !== 0) found.push(`left on the simulator: ${count} ${what}`)
  for (const { kind, text } of report.problems.slice(0, 5)) found.push(`${kind}: ${text}`)
  return found
}

export function table({ samples, end, report }: Outcome): string {
  const lines = trends(samples).map(
    ({ figure, second, last, most, grew }) =>
      `${figure.padEnd(14)} ${shown(figure, second).padStart(10)} ${shown(figure, last).padStart(10)} ${shown(figure, most).padStart(10)}  ${grew ? 'grew' : 'flat'}`,
  )
  const lanes = Object.entries(end?.tally.lanes ?? {}).map(
    ([name, { right, errors }]) =>
      `${name.padEnd(14)} ${right} right; ${Object.entries(errors)
        .map(([code, count]) => `${count} ${code}`)
        .join(', ')}`,
  )
  const ends =
    end === undefined ? [] : [`before ${JSON.stringify(end.before)}`, `after  ${JSON.stringify(end.after)}`]
  const leaks =
    report === undefined
      ? []
      : [`simulator ${JSON.stringify(report.leaks)}, ${report.problems.length} problems`]
  return [`${''.padEnd(14)} second third  last third  at most`, ...lines, ...lanes, ...ends, ...leaks].join(
    '\n',
  )
}
