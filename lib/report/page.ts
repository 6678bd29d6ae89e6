/** The report: what it tells of the systems, in which order. */
import { attackSection } from './attack-bars'
import { curvesOf, detSection } from './det-plot'
import { histogramSection } from './histograms'
import { htmlDocument, type Section } from './document'
import { markup, noMarkup, type Markup } from './markup'
import type { ReportSystem } from './report-system'
import { figuresTable, operatingPointTable, provenanceTable, runTables, worstClips } from './system-tables'
import { tdcfSection } from './tdcf-plot'

/** A whole HTML document. */
export function reportPage(systems: readonly ReportSystem[], madeAt: Date): string {
  const title = `Spoofing detection: ${systems.map(({ name }) => name).join(', ')}`
  const intro = `Made by aasist report on ${madeAt.toISOString().slice(0, 10)}. Higher scores mean more bona fide.`
  return htmlDocument({ title, intro, sections: sectionsOf(systems) })
}

function sectionsOf(systems: readonly ReportSystem[]): Section[] {
  const curves = curvesOf(systems)
  const each = (content: (system: ReportSystem, index: number) => Markup): Markup =>
    markup`${systems.map(content)}`
  const tandem = curves.flatMap(curve =>
    curve.weights === null ? [] : [{ ...curve, weights: curve.weights }],
  )
  const none = markup`<p>It needs scored clips of both classes.</p>`
  return [
    { id: 'figures', title: 'Figures', content: markup`${figuresTable(systems)}${each(warnings)}` },
    {
      id: 'det-curves',
      title: 'Detection error trade-off',
      content: curves.length === 0 ? none : detSection(curves),
    },
    {
      id: 'scores',
      title: 'Scores',
      content: each(
        (system, index) =>
          markup`<h3>Scores of each class: ${system.name}</h3>
            ${histogramSection(system, index)}`,
      ),
    },
    { id: 'attack-eers', title: 'Attacks', content: attackSection(systems) },
    {
      id: 'tandem',
      title: 't-DCF over the threshold',
      content:
        tandem.length === 0
          ? markup`<p>It needs scored clips of both classes, and ASV scores or an ASV preset.</p>`
          : markup`${tandem.map(tdcfSection)}`,
    },
    {
      id: 'operating-points',
      title: 'Operating points',
      content:
        curves.length === 0
          ? none
          : markup`<p>
                A score at or above the threshold is taken for bona fide. Thresholds lie half-way between two
                scores.
              </p>
              ${each(operatingPointTable)}`,
    },
    { id: 'worst', title: 'Clips with the worst scores', content: each(worstClips) },
    { id: 'speed', title: 'Speed', content: each(runTables) },
    { id: 'provenance', title: 'Provenance', content: each(provenanceTable) },
  ]
}

function warnings({ name, metrics }: ReportSystem): Markup {
  if (metrics.warnings.length === 0) return noMarkup
  return markup`<div class="warnings">
    <h3>Warnings: ${name}</h3>
    <ul>
      ${metrics.warnings.map(warning => markup`<li>${warning}</li>`)}
    </ul>
  </div>`
}
