/** What a report needs of the metrics: fractions, null where a value could not be computed. */
export interface EerReportValues {
  readonly eer: number | null
  readonly minTdcf: number | null
  readonly perAttack: Readonly<Record<string, { readonly eer: number | null }>>
  /** Why a value is null, under its name: `eer`, `minTdcf`, `perAttack.A07`. */
  readonly unavailable?: Readonly<Record<string, string>>
}

/**
 * The text of `t-DCF_EER.txt`, character for character as the evaluation of AASIST writes it (clovaai/aasist,
 * `evaluation.py`): EERs in percent, nine decimals, one line an attack in the given order, and the closing parenthesis
 * its breakdown lines lack. Where it would fail, this says `n/a (reason)`.
 */
export function formatEerReport(values: EerReportValues): string {
  const percent = (eer: number | null, name: string): string =>
    eer === null ? notAvailable(values, name) : `${fixed9(eer * 100)} %`
  const minTdcf = values.minTdcf === null ? notAvailable(values, 'minTdcf') : fixed9(values.minTdcf)
  const breakdown = Object.entries(values.perAttack).map(
    ([attack, { eer }]) =>
      `\tEER ${attack}\t\t= ${percent(eer, `perAttack.${attack}`)} (Equal error rate for ${attack}\n`,
  )
  return [
    '\nCM SYSTEM\n',
    `\tEER\t\t= ${percent(values.eer, 'eer')} (Equal error rate for countermeasure)\n`,
    '\nTANDEM\n',
    `\tmin-tDCF\t\t= ${minTdcf}\n`,
    '\nBREAKDOWN CM SYSTEM\n',
    ...breakdown,
  ].join('')
}

// Python's {:8.9f}: nine decimals make it wider than eight characters, so nothing is ever padded.
function fixed9(value: number): string {
  return value.toFixed(9)
}

function notAvailable({ unavailable }: EerReportValues, name: string): string {
  return `n/a (${unavailable?.[name] ?? 'not computed'})`
}
