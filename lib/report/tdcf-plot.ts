/** What every threshold costs the tandem of countermeasure and speaker verification. */
import { symbol, symbolDiamond } from 'd3-shape'
import { lowestTdcfIndex, tdcfAt, thinned, type Point } from './curves'
import type { SystemCurve } from './det-plot'
import { cost, score } from './format'
import { markup, type Markup } from './markup'
import { linearTicks, pathThrough, pixels, plotMarkup, systemClass, type PlotArea } from './plot'
import { tableBehind } from './table'
import type { TdcfWeights } from '../metrics'

/** A countermeasure that only accepts or only rejects costs 1; what costs much more has no use. */
const highestShown = 1.2
const tolerancePixels = 0.3
const tableRows = 21

export function tdcfSection(curve: SystemCurve & { readonly weights: TdcfWeights }): Markup {
  const { system, index, det, weights } = curve
  const { thresholds } = det
  const lowest = lowestTdcfIndex(det, weights)
  const [first, last] = [thresholds[0]!, thresholds.at(-1)!]
  const domain: [number, number] = last > first ? [first, last] : [first - 0.5, first + 0.5]
  const plot = plotMarkup({
    id: `tdcf-${index}`,
    title: `Normalised t-DCF over the threshold: ${system.name}`,
    description: `The lowest t-DCF is ${cost(tdcfAt(det, lowest, weights))} at the threshold ${score(thresholds[lowest]!)}.`,
    size: { width: 400, height: 260, left: 52 },
    xAxis: { label: 'Threshold (score)', domain, ticks: linearTicks(domain, 6) },
    yAxis: {
      label: 'Normalised t-DCF',
      domain: [0, highestShown],
      ticks: linearTicks([0, highestShown], 6),
    },
    draw: area => {
      const path = pathThrough(thinned(points(area), tolerancePixels))
      const [x, y] = [area.x(thresholds[lowest]!), area.y(tdcfAt(det, lowest, weights))]
      return markup`<g class="${systemClass(index)}"
        ><path class="curve" d="${path}" /><path
          class="mark"
          d="${symbol(symbolDiamond, 60)() ?? ''}"
          transform="translate(${pixels(x)},${pixels(y)})"
      /></g>`
    },
  })
  return markup`<figure>
      ${plot}
      <figcaption>
        ${system.name}: lowest at ${score(thresholds[lowest]!)}. At 1 the countermeasure is as good as none.
      </figcaption>
    </figure>
    ${tableBehind({
      caption: `Normalised t-DCF over the threshold: ${system.name}`,
      header: ['Threshold', 'Normalised t-DCF', 'Bona fide missed', 'Spoofs accepted'],
      rows: tableIndexes(thresholds, lowest).map(point => [
        point === lowest ? `${score(thresholds[point]!)} (lowest)` : score(thresholds[point]!),
        cost(tdcfAt(det, point, weights)),
        ...[det.miss, det.falseAlarm].map(rates => `${(100 * rates[point]!).toFixed(3)} %`),
      ]),
    })}`

  function* points({ x, y }: PlotArea): Generator<Point> {
    for (let point = 0; point < thresholds.length; point++) {
      yield [x(thresholds[point]!), Math.max(-20, y(tdcfAt(det, point, weights)))]
    }
  }
}

/** Points at even steps of the threshold, and the lowest one. */
function tableIndexes(thresholds: Float64Array, lowest: number): number[] {
  const [first, last] = [thresholds[0]!, thresholds.at(-1)!]
  const indexes = new Set([lowest])
  for (let step = 0; step < tableRows; step++) {
    const wanted = first + ((last - first) * step) / (tableRows - 1)
    const next = thresholds.findIndex(threshold => threshold > wanted)
    indexes.add(next === -1 ? thresholds.length - 1 : Math.max(0, next - 1))
  }
  return [...indexes].sort((a, b) => a - b)
}
