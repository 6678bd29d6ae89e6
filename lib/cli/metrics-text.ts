/** Metrics for people: percent, and the reason where there is no figure. */
import type { MetricsSummary } from '../metrics'
import { formatTable } from './terminal'

export function formatMetrics(metrics: MetricsSummary): string {
  const { eer, minTdcf, bonafide, spoof, missing, asv, perAttack, unavailable } = metrics
  const absent = (name: string): string => `n/a (${unavailable[name] ?? 'not computed'})`
  const lines = [
    `EER         ${eer === null ? absent('eer') : percent(eer)}`,
    `min t-DCF   ${minTdcf === null ? absent('minTdcf') : minTdcf.toFixed(4)}${asv === null ? '' : `   ASV: ${asv.source}`}`,
    `utterances  ${bonafide} bona fide, ${spoof} spoof, ${missing} without a score`,
  ]
  const rows = Object.entries(perAttack).map(([attack, values]) => [
    attack,
    values.eer === null ? 'n/a' : percent(values.eer),
    values.minTdcf === null ? 'n/a' : values.minTdcf.toFixed(4),
  ])
  return rows.length === 0
    ? lines.join('\n')
    : `${lines.join('\n')}\n\n${formatTable(['attack', 'EER', 'min t-DCF'], rows)}`
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(3)} %`
