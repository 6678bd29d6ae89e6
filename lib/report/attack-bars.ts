/** EER of each attack with its confidence interval. */
import { percent, interval, orNone, cost } from './format'
import { markup, type Markup } from './markup'
import { linearTicks, pixels, plotMarkup, systemClass, type PlotArea } from './plot'
import { swatch } from './det-plot'
import type { ReportSystem } from './report-system'
import { tableBehind } from './table'

const barHeight = 10
const gap = 8

export function attackSection(systems: readonly ReportSystem[]): Markup {
  const attacks = [...new Set(systems.flatMap(({ metrics }) => Object.keys(metrics.perAttack)))].sort()
  if (attacks.length === 0) return markup`<p>The spoof trials name no attack.</p>`
  const rowHeight = systems.length * barHeight + gap
  const highest = Math.max(
    0.001,
    ...systems.flatMap(({ metrics }) =>
      attacks.map(attack => metrics.ci?.perAttack[attack]?.eer?.[1] ?? metrics.perAttack[attack]?.eer ?? 0),
    ),
  )
  const domain: [number, number] = [0, highest * 1.05]
  const rows: [number, number] = [attacks.length, 0]
  const plot = plotMarkup({
    id: 'attacks',
    title: 'EER of each attack',
    description: `Bars of the EER of ${attacks.length} attacks for ${systems.map(({ name }) => name).join(', ')}; the figures are in the table below.`,
    size: { width: 400, height: attacks.length * rowHeight + 50, left: 52 },
    xAxis: {
      label: 'EER (%)',
      domain,
      ticks: linearTicks(domain, 6, share => String(Number((100 * share).toPrecision(4)))),
    },
    yAxis: {
      label: '',
      domain: rows,
      ticks: attacks.map((attack, row) => ({ at: row + 0.5, label: shortened(attack) })),
    },
    draw: area =>
      markup`${attacks.map((attack, row) => markup`${systems.map((system, index) => bar(system, index, attack, area.y(row) + gap / 2, area))}`)}`,
  })
  const level = systems.find(({ metrics }) => metrics.ci !== undefined)?.metrics.ci
  const said =
    level === undefined
      ? ''
      : `Thin lines: ${Number((100 * level.level).toPrecision(6))} % intervals of ${level.replicates} bootstrap replicates. `
  return markup`<figure>
      ${plot}
      <figcaption>
        <ul class="legend">
          ${systems.map(({ name }, index) => markup`<li>${swatch(systemClass(index))} ${name}</li>`)}
        </ul>
        ${said}Shorter is better.
      </figcaption>
    </figure>
    ${tableBehind({
      caption: 'EER and min t-DCF of each attack',
      header: ['Attack', 'System', 'EER', 'EER interval', 'min t-DCF', 'min t-DCF interval'],
      rows: attacks.flatMap(attack => systems.map(system => attackRow(system, attack))),
    })}`
}

function attackRow({ name, metrics }: ReportSystem, attack: string): string[] {
  const figures = metrics.perAttack[attack]
  const intervals = metrics.ci?.perAttack[attack]
  return [
    attack,
    name,
    orNone(figures?.eer, percent),
    interval(intervals?.eer, percent),
    orNone(figures?.minTdcf, cost),
    interval(intervals?.minTdcf, cost),
  ]
}

function bar(
  { metrics }: ReportSystem,
  index: number,
  attack: string,
  rowTop: number,
  { x }: PlotArea,
): Markup {
  const eer = metrics.perAttack[attack]?.eer ?? null
  if (eer === null) return markup``
  const ends = metrics.ci?.perAttack[attack]?.eer
  const top = rowTop + index * barHeight
  const middle = top + barHeight / 2
  const whisker =
    ends === undefined || ends === null
      ? ''
      : `M${pixels(x(ends[0]))},${middle - 3}v6m0,-3H${pixels(x(ends[1]))}m0,-3v6`
  return markup`<g class="${systemClass(index)}"
    ><rect
      class="bar"
      x="${x(0)}"
      y="${pixels(top + 1)}"
      width="${pixels(x(eer) - x(0))}"
      height="${barHeight - 2}" /><path class="whisker" d="${whisker}"
  /></g>`
}

/** What fits beside the axis; the table has all of it. */
const shortened = (attack: string): string => (attack.length <= 7 ? attack : `${attack.slice(0, 6)}…`)
