/** Scores of a recording over its time. */
import type { RecordingSegment, WindowScore } from '../scoring'
import { score } from './format'
import { markup, noMarkup, type Markup } from './markup'
import { linearTicks, pathThrough, pixels, plotMarkup, type PlotArea } from './plot'
import { tableBehind } from './table'

/** What there is to be drawn of one recording. */
export interface ScoredRecording {
  /** How it is called on the page. */
  readonly name: string
  /** In the order in which they were given. */
  readonly windows: readonly WindowScore[]
  readonly segments: readonly RecordingSegment[]
}

/** A column of pixels holds the lowest and the highest score of its windows: more points than that nobody can see. */
const columns = 700
/** Rows of a table that somebody may read. */
const mostRows = 2000

export function timelineSections({ name, windows, segments }: ScoredRecording, index: number): Markup {
  const channels = [...new Set(windows.map(({ channel }) => channel))]
  return markup`${channels.map((channel, at) => {
    const own = windows.filter(window => window.channel === channel)
    const ownSegments = segments.filter(segment => segment.channel === channel)
    const title = channel === null ? name : `${name}, channel ${channel}`
    return timeline(title, `timeline-${index}-${at}`, own, ownSegments)
  })}`
}

function timeline(
  title: string,
  id: string,
  windows: readonly WindowScore[],
  segments: readonly RecordingSegment[],
): Markup {
  const scored = windows.flatMap(window => (window.silent ? [] : [window]))
  const endSeconds = windows.at(-1)?.endSeconds ?? 0
  const threshold = scored[0]?.threshold ?? null
  const hopSeconds = usualStep(windows)
  const table = segmentTable(title, segments)
  if (scored.length === 0) {
    return markup`<h3>${title}</h3>
      <p>Nothing in it is loud enough to be scored.</p>
      ${table}`
  }
  const scores = scored.map(window => window.score)
  const reach = threshold === null ? scores : [...scores, threshold]
  const [lowest, highest] = rangeOf(reach)
  const margin = 0.05 * (highest - lowest) || 0.5
  const domain: [number, number] = [lowest - margin, highest + margin]
  const plot = plotMarkup({
    id,
    title: `Scores over time: ${title}`,
    description: descriptionOf(scored, threshold),
    size: { width: 760, height: 240, left: 52 },
    xAxis: {
      label: 'Middle of the window (hours:minutes:seconds)',
      domain: [0, endSeconds],
      ticks: linearTicks([0, endSeconds], 7, clock),
    },
    yAxis: { label: 'Score', domain, ticks: linearTicks(domain, 6) },
    draw: area =>
      markup`${stretches(area, segments, scored, hopSeconds)}${bands(area, scored, endSeconds, hopSeconds)}${threshold === null ? noMarkup : markup`<path class="threshold" d="M${pixels(area.x(0))},${pixels(area.y(threshold))}H${pixels(area.x(endSeconds))}" />`}`,
  })
  return markup`<h3>${title}</h3>
    <figure class="wide">
      ${plot}
      <figcaption>
        Higher scores mean more bona fide.
        ${threshold === null ? 'There is no threshold, so nothing is decided.' : 'The line is the threshold; below it, on a tinted ground, windows are taken for spoofs.'}
        Where nothing is drawn there is silence.
      </figcaption>
    </figure>
    ${table}`
}

function descriptionOf(scored: readonly Scored[], threshold: number | null): string {
  const [lowest, highest] = rangeOf(scored.map(window => window.score))
  const said = `${scored.length} windows from ${score(lowest)} to ${score(highest)}`
  if (threshold === null) return `${said}.`
  const spoofed = scored.filter(({ decision }) => decision === 'spoof').length
  return `${said}, ${spoofed} of them below the threshold ${score(threshold)}.`
}

/** Not spread into one call: a recording of days has more windows than a call has room for arguments. */
function rangeOf(values: readonly number[]): [lowest: number, highest: number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  )
}

type Scored = Extract<WindowScore, { readonly silent: false }>

const middleOf = ({ startSeconds, endSeconds }: WindowScore): number => (startSeconds + endSeconds) / 2

/** One line where windows can be told apart, otherwise what each column of pixels spans. Silence interrupts it. */
function bands(
  { x, y }: PlotArea,
  scored: readonly Scored[],
  endSeconds: number,
  hopSeconds: number,
): Markup {
  const columnSeconds = Math.max(endSeconds / columns, Number.MIN_VALUE)
  const spans = new Map<number, { low: number; high: number }>()
  for (const window of scored) {
    const column = Math.floor(middleOf(window) / columnSeconds)
    const span = spans.get(column)
    if (span === undefined) spans.set(column, { low: window.score, high: window.score })
    else {
      span.low = Math.min(span.low, window.score)
      span.high = Math.max(span.high, window.score)
    }
  }
  const farSeconds = 2.5 * Math.max(hopSeconds, columnSeconds)
  const parts: [number, number][][] = []
  let before = -Infinity
  for (const [column, { low, high }] of [...spans].sort(([a], [b]) => a - b)) {
    const at = (column + 0.5) * columnSeconds
    if (at - before > farSeconds) parts.push([])
    parts.at(-1)!.push([x(at), y(high)], ...(low === high ? [] : ([[x(at), y(low)]] as [number, number][])))
    before = at
  }
  const lines = parts.filter(({ length }) => length > 1)
  // One window between silences: a line of one point shows nothing.
  const dots = parts.filter(({ length }) => length === 1).flat()
  return markup`<g class="s0"><path class="curve line" d="${lines.map(pathThrough).join('')}" />${dots.map(
    ([cx, cy]) => markup`<circle class="mark" cx="${pixels(cx)}" cy="${pixels(cy)}" r="2.5" />`,
  )}</g>`
}

/** The median, because the last window is nearer to the one before it where it ends with the recording. */
function usualStep(windows: readonly WindowScore[]): number {
  const starts = windows.map(({ startSeconds }) => startSeconds)
  const steps = starts.slice(1).map((start, at) => start - starts[at]!)
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0
}

/** The ground behind windows that are taken for spoofs: as the line, from the middle of the first to that of the last. */
function stretches(
  { x, y }: PlotArea,
  segments: readonly RecordingSegment[],
  scored: readonly Scored[],
  hopSeconds: number,
): Markup {
  const [bottom, top] = y.range() as [number, number]
  const { startSeconds: start, endSeconds: end } = scored[0]!
  const insetSeconds = (end - start - hopSeconds) / 2
  return markup`${segments
    .filter(({ decision }) => decision === 'spoof')
    .map(({ startSeconds, endSeconds }) => {
      const from = pixels(x(startSeconds + insetSeconds))
      const width = Math.max(pixels(x(endSeconds - insetSeconds)) - from, 1)
      return markup`<rect class="spoofed" x="${from}" y="${top}" width="${width}" height="${bottom - top}" />`
    })}`
}

function segmentTable(title: string, segments: readonly RecordingSegment[]): Markup {
  const shown = segments.slice(0, mostRows)
  const left = segments.length - shown.length
  return markup`${tableBehind({
    caption: `Segments: ${title}`,
    header: ['From', 'To', 'Decision', 'Windows', 'Mean score', 'Lowest', 'Highest'],
    rows: shown.map(
      ({ startSeconds, endSeconds, decision, windows, meanScore, lowestScore, highestScore }) => [
        clock(startSeconds),
        clock(endSeconds),
        decision ?? 'none',
        windows,
        ...[meanScore, lowestScore, highestScore].map(value => (value === null ? '' : score(value))),
      ],
    ),
  })}${left === 0 ? noMarkup : markup`<p>And ${left} more, which --json and --csv have.</p>`}`
}

/** Hours, minutes, seconds, and tenths where there are any. */
function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  const whole = Math.floor(tenths / 10)
  const two = (value: number): string => String(value).padStart(2, '0')
  const fraction = tenths % 10 === 0 ? '' : `.${tenths % 10}`
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${fraction}`
}
