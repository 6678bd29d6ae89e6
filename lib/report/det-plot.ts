/** Detection error trade-off curves on probit axes, after Martin et al., "The DET curve" (Eurospeech 1997). */
import { symbol, symbolCircle, symbolDiamond } from 'd3-shape'
import { detCurve, tdcfWeights, type DetCurve, type TdcfWeights } from '../metrics'
import { lowestTdcfIndex, missRateWithin, probit, thinned, type Point } from './curves'
import { cost, orNone, percent } from './format'
import { markup, type Markup } from './markup'
import { pathThrough, pixels, plotMarkup, systemClass, type PlotArea, type Tick } from './plot'
import type { ReportSystem } from './report-system'
import { tableBehind } from './table'

/** What is drawn of a system that has scores of both classes. */
export interface SystemCurve {
  readonly system: ReportSystem
  /** Place in the report, which gives it its colour. */
  readonly index: number
  readonly det: DetCurve
  /** Of the t-DCF `v1`; null without an ASV system. */
  readonly weights: TdcfWeights | null
}

export function curvesOf(systems: readonly ReportSystem[]): SystemCurve[] {
  const curves: SystemCurve[] = []
  for (const [index, system] of systems.entries()) {
    const { metrics, trials } = system
    if (metrics.eer === null) continue
    const scoresOf = (wanted: 'bonafide' | 'spoof'): Float64Array =>
      Float64Array.from(
        trials.filter(({ key }) => key === wanted),
        ({ score }) => score,
      )
    const weights = metrics.asv === null || metrics.minTdcf === null ? null : tdcfWeights(metrics.asv)
    curves.push({ system, index, det: detCurve(scoresOf('bonafide'), scoresOf('spoof')), weights })
  }
  return curves
}

const rates = [
  0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999,
] as const

export function detSection(curves: readonly SystemCurve[]): Markup {
  const eers = curves.map(({ system }) => system.metrics.eer!)
  const [low, high] = rangeAround(eers)
  const ticks = ticksWithin(low, high)
  const axis = (label: string): { label: string; domain: [number, number]; ticks: Tick[] } => ({
    label,
    domain: [probit(low), probit(high)],
    ticks,
  })
  const named = curves.map(({ system: { name, metrics } }) => `${name}: EER ${orNone(metrics.eer, percent)}`)
  const plot = plotMarkup({
    id: 'det',
    title: 'Detection error trade-off',
    description: `Share of bona fide speech missed against share of spoofs accepted, both on probit axes. ${named.join('; ')}.`,
    size: { width: 400, height: 400, left: 52 },
    xAxis: axis('Spoofs accepted (%)'),
    yAxis: axis('Bona fide speech missed (%)'),
    draw: area =>
      markup`<path
          class="diagonal"
          d="M${area.x.range()[0]!},${area.y.range()[0]!}L${area.x.range()[1]!},${area.y.range()[1]!}"
        />${curves.map(curve => detCurveMarkup(curve, area))}`,
  })
  const shown = rates.filter(rate => rate >= Math.max(low, 0.001) && rate <= Math.min(high, 0.4))
  return markup`<figure>${plot}${legend(curves)}</figure>
    ${tableBehind({
      caption: 'Miss rate where no more spoofs are accepted than',
      header: ['System', ...shown.map(rate => `${Number((100 * rate).toPrecision(6))} %`)],
      rows: curves.map(({ system, det }) => [
        system.name,
        ...shown.map(rate => percent(missRateWithin(det, rate))),
      ]),
    })}`
}

/** From a third of the lowest EER, so that every curve is seen on both sides of its EER. */
function rangeAround(eers: readonly number[]): readonly [number, number] {
  const lowest = Math.min(...eers, 0.1)
  const highest = Math.max(...eers)
  const low = [0.01, 0.001].find(rate => rate <= lowest / 3) ?? 0.0001
  return [low, highest < 0.3 ? 0.5 : highest < 0.7 ? 0.95 : 0.999]
}

function ticksWithin(low: number, high: number): Tick[] {
  return rates
    .filter(rate => rate >= low && rate <= high)
    .map(rate => ({ at: probit(rate), label: String(Number((100 * rate).toPrecision(6))) }))
}

/** Nobody sees a third of a pixel, and 71,237 points become some hundred. */
const tolerancePixels = 0.3

function detCurveMarkup({ system, index, det, weights }: SystemCurve, area: PlotArea): Markup {
  const points = thinned(detPoints(det, area), tolerancePixels)
  const marks = [mark(system.metrics.eer!, system.metrics.eer!, symbolCircle)]
  if (weights !== null) {
    const lowest = lowestTdcfIndex(det, weights)
    marks.push(mark(det.falseAlarm[lowest]!, det.miss[lowest]!, symbolDiamond))
  }
  return markup`<g class="${systemClass(index)}"><path class="curve" d="${pathThrough(points)}" />${marks}</g>`

  function mark(falseAlarm: number, miss: number, type: typeof symbolCircle): Markup {
    const [x, y] = place(area, falseAlarm, miss)
    return markup`<path
      class="mark"
      d="${symbol(type, 60)() ?? ''}"
      transform="translate(${pixels(x)},${pixels(y)})"
    />`
  }
}

function* detPoints({ falseAlarm, miss }: DetCurve, area: PlotArea): Generator<Point> {
  for (let index = 0; index < miss.length; index++) yield place(area, falseAlarm[index]!, miss[index]!)
}

/** Rates of 0 and 1 have no place on a probit axis: they are drawn just outside of it. */
function place({ x, y }: PlotArea, falseAlarm: number, miss: number): Point {
  return [x(justOutside(probit(falseAlarm), x.domain())), y(justOutside(probit(miss), y.domain()))]
}

function justOutside(deviate: number, domain: readonly number[]): number {
  const [low, high] = [domain[0]!, domain[1]!]
  const beyond = (high - low) / 20
  return Math.max(low - beyond, Math.min(high + beyond, deviate))
}

function legend(curves: readonly SystemCurve[]): Markup {
  const hasTdcf = curves.some(({ weights }) => weights !== null)
  return markup`<figcaption>
    <ul class="legend">
      ${curves.map(
        ({ system: { name, metrics }, index }) =>
          markup`<li>${swatch(systemClass(index))} ${`${name}: EER ${orNone(metrics.eer, percent)}${metrics.minTdcf === null ? '' : `, min t-DCF ${cost(metrics.minTdcf)}`}`}</li>`,
      )}
    </ul>
    Circle: EER.${hasTdcf ? ' Diamond: lowest t-DCF.' : ''} Down and left is better.
  </figcaption>`
}

/** A piece of the line that it explains; what it stands for is in the text beside it. */
export function swatch(className: string): Markup {
  return markup`<svg class="swatch ${className}" viewBox="0 0 28 10" aria-hidden="true">
    <path class="curve" d="M0,5H28" />
  </svg>`
}
