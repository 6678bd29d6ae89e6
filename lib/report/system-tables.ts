/** What is said in tables: figures, operating points, clips with the worst scores, speed, provenance. */
import { operatingPoint, type ConfidenceInterval, type OperatingCriterion } from '../metrics'
import type { TrialScore } from '../dataset'
import type { ScoredMetrics } from '../scoring'
import { cost, interval, percent, score } from './format'
import { markup, noMarkup, type Markup } from './markup'
import type { ReportedTimes, ReportSystem } from './report-system'
import { tableMarkup } from './table'

const figures = [
  ['eer', 'EER', percent],
  ['eerTieProper', 'EER, tie-proper', percent],
  ['minTdcf', 'min t-DCF', cost],
  ['minTdcfV2', 'min t-DCF v2', cost],
  ['minDcf', 'minDCF', cost],
  ['actDcf', 'actDCF', cost],
  ['cllr', 'Cllr', cost],
] as const

export function figuresTable(systems: readonly ReportSystem[]): Markup {
  const table = tableMarkup({
    caption: 'Figures of the whole list; intervals in brackets',
    header: ['Figure', ...systems.map(({ name }) => name)],
    rows: [
      ...figures.map(([figure, title, format]) => [
        title,
        ...systems.map(({ metrics }) => figureText(metrics, figure, format)),
      ]),
      ...(['bonafide', 'spoof', 'missing'] as const).map((count, index) => [
        ['Bona fide clips', 'Spoof clips', 'Clips without a score'][index]!,
        ...systems.map(({ metrics }) => metrics[count]),
      ]),
      ['ASV system of the t-DCF', ...systems.map(({ metrics }) => metrics.asv?.source ?? 'none')],
    ],
  })
  return markup`<div class="figures">${table}</div>`
}

function figureText(
  { unavailable, ci, ...metrics }: ScoredMetrics,
  figure: (typeof figures)[number][0],
  format: (value: number) => string,
): string {
  const value = metrics[figure]
  if (value === null) return `n/a (${unavailable[figure] ?? 'not computed'})`
  const ends: ConfidenceInterval = ci?.[figure] ?? null
  return ends === null ? format(value) : `${format(value)} [${interval(ends, format)}]`
}

/** Thresholds for decisions: a score at or above one is taken for bona fide. */
export function operatingPointTable({ name, metrics, trials }: ReportSystem): Markup {
  if (metrics.eer === null) return noMarkup
  const scoresOf = (key: string): number[] =>
    trials.filter(trial => trial.key === key).map(each => each.score)
  const [bonafide, spoof] = [scoresOf('bonafide'), scoresOf('spoof')]
  const criteria: [string, OperatingCriterion][] = [
    ['Equal error rate', { kind: 'eer' }],
    ...(metrics.asv !== null && metrics.minTdcf !== null
      ? [['Lowest t-DCF', { kind: 'minTdcf', asv: metrics.asv }] as [string, OperatingCriterion]]
      : []),
    ['Lowest DCF', { kind: 'minDcf' }],
    ...[0.001, 0.01, 0.05].map((atMost): [string, OperatingCriterion] => [
      `At most ${Number((100 * atMost).toPrecision(6))} % of spoofs accepted`,
      { kind: 'falseAlarmRate', atMost },
    ]),
    ...[0.001, 0.01, 0.05].map((atMost): [string, OperatingCriterion] => [
      `At most ${Number((100 * atMost).toPrecision(6))} % of bona fide missed`,
      { kind: 'missRate', atMost },
    ]),
  ]
  return tableMarkup({
    caption: `Operating points: ${name}`,
    header: ['Chosen by', 'Threshold', 'Bona fide missed', 'Spoofs accepted'],
    rows: criteria.map(([title, criterion]) => {
      const { threshold, missRate, falseAlarmRate } = operatingPoint(bonafide, spoof, criterion)
      return [title, score(threshold), percent(missRate), percent(falseAlarmRate)]
    }),
  })
}

const listedClips = 15

/** The bona fide clips with the lowest scores, and the spoofs with the highest. */
export function worstClips({ name, trials }: ReportSystem): Markup {
  const bonafide = trials.filter(({ key }) => key === 'bonafide').sort((a, b) => a.score - b.score)
  const spoof = trials.filter(({ key }) => key === 'spoof').sort((a, b) => b.score - a.score)
  const row = ({ utterance, attack, score: value }: TrialScore): string[] => [
    utterance,
    attack ?? '-',
    score(value),
  ]
  return markup`<div class="pairs">
    ${tableMarkup({
      caption: `Bona fide clips with the lowest scores: ${name}`,
      header: ['Clip', 'Attack', 'Score'],
      rows: bonafide.slice(0, listedClips).map(row),
    })}${tableMarkup({
      caption: `Spoofs with the highest scores: ${name}`,
      header: ['Clip', 'Attack', 'Score'],
      rows: spoof.slice(0, listedClips).map(row),
    })}
  </div>`
}

const listedFailures = 50

export function runTables({ name, run, metrics }: ReportSystem): Markup {
  if (run === null) return markup`<p>${name}: only scores are known, not how long they took.</p>`
  const { elapsedSeconds, clipsPerSecond, scoredEarlier, failedOver, devices, failures } = run
  const scored = devices.reduce((sum, device) => sum + device.scored, 0)
  const perClip =
    elapsedSeconds === null || scored === 0 ? 'n/a' : `${((1000 * elapsedSeconds) / scored).toFixed(1)} ms`
  const speed = tableMarkup({
    caption: `Speed of the last run: ${name}`,
    header: ['What', 'Value'],
    rows: [
      ['Throughput', clipsPerSecond === null ? 'n/a' : `${clipsPerSecond.toFixed(2)} clips a second`],
      ['Time from clip to clip, all sessions together', perClip],
      ['A clip from its first step to its score, waiting included', timesText(run.clipMs)],
      ['A run of the model', timesText(run.executeMs)],
      ['Duration', elapsedSeconds === null ? 'n/a' : `${elapsedSeconds.toFixed(1)} s`],
      ['Scores taken over from earlier runs', scoredEarlier ?? 'n/a'],
      ['Clips that went to another device', failedOver ?? 'n/a'],
      ['Clips without a score', metrics.missing],
      ...devices.map(device => [`Scores by ${device.device}`, device.scored]),
    ],
  })
  if (failures.length === 0) return speed
  const more = failures.length - listedFailures
  return markup`${speed}${tableMarkup({
    caption: `Clips without a score: ${name}`,
    header: ['Clip', 'Code', 'Why'],
    rows: failures.slice(0, listedFailures).map(({ utterance, code, message }) => [utterance, code, message]),
  })}${more > 0 ? markup`<p>… and ${more} more, all of them in run.jsonl.</p>` : noMarkup}`
}

function timesText(times: ReportedTimes | null): string {
  if (times === null) return 'n/a'
  const [p50, p95, p99, max] = [times.p50, times.p95, times.p99, times.max].map(time => time.toFixed(1))
  return `median ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, longest ${max} ms`
}

export function provenanceTable({ name, provenance }: ReportSystem): Markup {
  return tableMarkup({ caption: `Made with: ${name}`, header: ['What', 'Value'], rows: provenance })
}
