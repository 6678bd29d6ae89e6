/** Names of the rules by which a threshold is chosen, as options, files and the command line spell them. */
import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import type { AsvOperatingPoint, OperatingCriterion } from '../metrics'

/**
 * `eer`: as many bona fide clips refused as spoofs accepted, in shares. `min-dcf`, `min-tdcf`: the lowest cost by ASVspoof 5
 * and 2019. `miss=0.01`, `false-alarm=0.01`: at most that share of bona fide clips refused, or of spoofs accepted.
 */
export type DecisionRule = 'eer' | 'min-dcf' | 'min-tdcf' | `miss=${number}` | `false-alarm=${number}`

const bounded = /^(miss|false-alarm)=(\d+\.?\d*|\.\d+)([eE]-?\d+)?$/

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT` */
export function checkRule(rule: unknown): DecisionRule {
  if (rule === 'eer' || rule === 'min-dcf' || rule === 'min-tdcf') return rule
  const [, kind] = typeof rule === 'string' ? (bounded.exec(rule) ?? []) : []
  if (kind === undefined) {
    throw new ArgumentTypeError(
      `the rule for decisions is ${JSON.stringify(rule)}; it must be eer, min-dcf, min-tdcf, or a bound such as miss=0.01 or ` +
        'false-alarm=0.01',
      { option: 'decideBy' },
    )
  }
  const share = Number((rule as string).slice(kind.length + 1))
  if (!(share >= 0 && share < 1)) {
    throw new ArgumentRangeError(
      `${rule as string} bounds a share by ${share}; it must be from 0 to below 1, not a percentage`,
      { option: 'decideBy' },
    )
  }
  // One rule, one name: 0.010 and 1e-2 are 0.01.
  return `${kind as 'miss' | 'false-alarm'}=${share}`
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` for `min-tdcf` without an ASV system */
export function criterionOf(rule: DecisionRule, asv: AsvOperatingPoint | undefined): OperatingCriterion {
  if (rule === 'eer') return { kind: 'eer' }
  if (rule === 'min-dcf') return { kind: 'minDcf' }
  if (rule === 'min-tdcf') {
    if (asv === undefined) {
      throw new ArgumentTypeError(
        'the lowest t-DCF depends on a speaker verification system; name its scores or a preset (asvScores, asvPreset)',
        { option: 'decideBy' },
      )
    }
    return { kind: 'minTdcf', asv }
  }
  const [kind, share] = rule.split('=') as ['miss' | 'false-alarm', string]
  return { kind: kind === 'miss' ? 'missRate' : 'falseAlarmRate', atMost: Number(share) }
}
