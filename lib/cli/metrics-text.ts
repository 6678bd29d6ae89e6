/** Metrics for people: percent, and the reason where there is no figure. */
import type { ConfidenceInterval } from '../metrics'
import type { ScoredMetrics } from '../scoring'
import { formatTable, hanging, outputLineLength } from './table'

const percent = (fraction: number): string => `${(100 * fraction).toFixed(3)} %`
const cost = (value: number): string => value.toFixed(4)

/** The figures in their order, with their names in papers and how they are written. */
const figures = [
  ['eer', 'EER', percent],
  ['minTdcf', 'min t-DCF', cost],
  ['minTdcfV2', 'min t-DCF v2', cost],
  ['minDcf', 'minDCF', cost],
  ['actDcf', 'actDCF', cost],
  ['cllr', 'Cllr', cost],
] as const

export function formatMetrics(metrics: ScoredMetrics): string {
  const { bonafide, spoof, missing, ci } = metrics
  const utterances = `${bonafide} bona fide, ${spoof} spoof, ${missing} without a score`
  const rows = [...figureRows(metrics), ...tieProperRow(metrics), ['utterances', utterances] as const]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  const lineLength = outputLineLength()
  const blocks = [
    rows.map(([name, text]) => hanging(name.padEnd(width), text, { lineLength })).join('\n'),
    attackTable(metrics),
  ]
  if (ci !== undefined) {
    blocks.push(
      `in brackets: ${Number((100 * ci.level).toPrecision(6))} % intervals, ${ci.replicates} bootstrap replicates, seed ${ci.seed}`,
    )
  }
  return blocks.filter(block => block !== '').join('\n\n')
}

function figureRows(metrics: ScoredMetrics): (readonly [string, string])[] {
  const { asv, unavailable, ci } = metrics
  return figures.map(([name, title, format]) => {
    const value = metrics[name]
    const text =
      value === null
        ? `n/a (${unavailable[name] ?? 'not computed'})`
        : `${format(value)}${bracketed(ci?.[name], format)}`
    return [title, name === 'minTdcf' && asv !== null ? `${text}   ASV: ${asv.source}` : text]
  })
}

/** Only where it differs: among equal scores the official EER depends on their order. */
function tieProperRow({ eer, eerTieProper, ci }: ScoredMetrics): (readonly [string, string])[] {
  if (eer === null || eerTieProper === null || percent(eer) === percent(eerTieProper)) return []
  return [['EER tie-proper', `${percent(eerTieProper)}${bracketed(ci?.eerTieProper, percent)}`]]
}

function attackTable({ perAttack, ci }: ScoredMetrics): string {
  const attacks = Object.entries(perAttack)
  if (attacks.length === 0) return ''
  const rows = attacks.map(([attack, { eer, minTdcf }]) => {
    const intervals = ci?.perAttack[attack]
    return [attack, ...cells(eer, intervals?.eer, percent), ...cells(minTdcf, intervals?.minTdcf, cost)]
  })
  const header = ci === undefined ? ['EER', 'min t-DCF'] : ['EER', '', 'min t-DCF', '']
  return formatTable(['attack', ...header], rows)

  function cells(
    value: number | null,
    interval: ConfidenceInterval | undefined,
    format: (value: number) => string,
  ): string[] {
    const text = value === null ? 'n/a' : format(value)
    return ci === undefined ? [text] : [text, bracketed(interval, format).trimStart()]
  }
}

function bracketed(interval: ConfidenceInterval | undefined, format: (value: number) => string): string {
  return interval === undefined || interval === null
    ? ''
    : ` [${format(interval[0])}, ${format(interval[1])}]`
}
