/** Where the scores of each class and of each attack lie. */
import { area, curveStepAfter } from 'd3-shape'
import { binsOf, histogram, type Bins } from './curves'
import { swatch } from './det-plot'
import { score } from './format'
import { markup, noMarkup, type Markup } from './markup'
import { linearTicks, plotMarkup, type PlotArea, type PlotSize } from './plot'
import type { ReportSystem } from './report-system'
import { tableBehind } from './table'

const binCount = 60

interface Group {
  readonly name: string
  readonly counts: readonly number[]
  readonly total: number
}

export function histogramSection(system: ReportSystem, index: number): Markup {
  const { trials, name } = system
  if (trials.length === 0) return markup`<p>No clip has a score.</p>`
  const bins = binsOf(
    trials.map(trial => trial.score),
    binCount,
  )
  const groupOf = (title: string, scores: readonly number[]): Group => ({
    name: title,
    counts: histogram(scores, bins),
    total: scores.length,
  })
  const scoresOf = (key: string): number[] =>
    trials.filter(trial => trial.key === key).map(each => each.score)
  const bonafide = groupOf('bona fide', scoresOf('bonafide'))
  const spoof = groupOf('spoof', scoresOf('spoof'))
  const byAttack = new Map<string, number[]>()
  for (const { attack, score: value } of trials) {
    if (attack === undefined) continue
    const list = byAttack.get(attack)
    if (list === undefined) byAttack.set(attack, [value])
    else list.push(value)
  }
  const attacks = [...byAttack]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([attack, scores]) => groupOf(attack, scores))
  const threshold = system.metrics.eerThreshold
  const draw = (of: Group, id: string, size: PlotSize): Markup =>
    histogramPlot({ id, size, bins, bonafide, of, system: name, threshold })
  const all = draw(spoof, `histogram-${index}`, { width: 400, height: 250, left: 52 })
  const single = attacks.map(
    (attack, place) =>
      markup`<figure>
        <h4>${attack.name}</h4>
        ${draw(attack, `histogram-${index}-${place}`, { width: 250, height: 170, left: 46 })}
      </figure>`,
  )
  const groups = [bonafide, spoof, ...attacks]
  return markup`<figure>
      ${all}
      <figcaption>
        <ul class="legend">
          <li>${swatch('bonafide')} bona fide (${bonafide.total})</li>
          <li>${swatch('spoof')} spoof (${spoof.total})</li>
        </ul>
        ${threshold === null ? noMarkup : markup`Vertical line: the threshold of the EER, ${score(threshold)}.`}
      </figcaption>
    </figure>
    ${
      single.length === 0
        ? noMarkup
        : markup`<h3>Scores of each attack: ${name}</h3>
            <p>Filled: the attack; line: bona fide speech.</p>
            <div class="plots">${single}</div>`
    }
    ${tableBehind({
      caption: `Scores in each bin: ${name}`,
      header: ['Score from', 'to', ...groups.map(group => group.name)],
      rows: bonafide.counts.map((_, bin) => [
        score(bins.start + bin * bins.width),
        score(bins.start + (bin + 1) * bins.width),
        ...groups.map(({ counts }) => counts[bin]!),
      ]),
    })}`
}

function histogramPlot(parts: {
  readonly id: string
  readonly size: PlotSize
  readonly bins: Bins
  readonly bonafide: Group
  readonly of: Group
  readonly system: string
  readonly threshold: number | null
}): Markup {
  const { id, size, bins, bonafide, of, system, threshold } = parts
  const high = Math.max(...sharesOf(bonafide), ...sharesOf(of)) * 1.05
  const domain: [number, number] = [bins.start, bins.start + bins.width * bins.count]
  return plotMarkup({
    id,
    size,
    title: `Scores of ${of.name} and bona fide speech: ${system}`,
    description:
      `Share of each class in every bin of the score. ${described(bonafide, bins)} ${described(of, bins)} ` +
      'Higher scores mean more bona fide.',
    xAxis: { label: 'Score', domain, ticks: linearTicks(domain, Math.floor(size.width / 60)) },
    yAxis: {
      label: 'Share of the class (%)',
      domain: [0, high],
      ticks: linearTicks([0, high], Math.floor(size.height / 45), share =>
        String(Number((100 * share).toPrecision(4))),
      ),
    },
    draw: at =>
      markup`<path class="bars spoof" d="${outline(of, bins, at)}" /><path
          class="bars bonafide"
          d="${outline(bonafide, bins, at)}"
        />${threshold === null ? noMarkup : markup`<path class="threshold" d="M${at.x(threshold)},${at.y.range()[0]!}V${at.y.range()[1]!}" />`}`,
  })
}

const sharesOf = ({ counts, total }: Group): number[] => counts.map(count => count / Math.max(1, total))

function described({ name, counts, total }: Group, { start, width }: Bins): string {
  if (total === 0) return `No ${name} clip has a score.`
  const fullest = counts.indexOf(Math.max(...counts))
  return `Of ${total} ${name} clips most are between ${score(start + fullest * width)} and ${score(start + (fullest + 1) * width)}.`
}

function outline(group: Group, { start, width }: Bins, { x, y }: PlotArea): string {
  const shares = sharesOf(group)
  // The last bin ends where another one would begin.
  return (
    area<number>()
      .digits(1)
      .curve(curveStepAfter)
      .x((_, bin) => x(start + bin * width))
      .y0(y(0))
      .y1(share => y(share))([...shares, shares.at(-1)!]) ?? ''
  )
}
