import { MetricsError } from '../errors'

/** Priors of the three kinds of trials and costs of the errors, by the names their owner knows them by. */
export interface TandemCosts {
  readonly pSpoof: number
  readonly pTarget: number
  readonly pNontarget: number
}

/**
 * @param model `t-DCF` or `a-DCF`
 * @param names every prior and cost of the model; one that is not there is refused like one that is not a number
 * @throws MetricsError `METRICS_INVALID` when one is not a finite number of at least 0, or the priors do not sum to 1
 */
export function assertCostModel<Costs extends TandemCosts>(
  model: string,
  costs: Costs,
  names: readonly (keyof Costs & string)[],
): void {
  for (const name of names) {
    const value: unknown = costs[name]
    if (!(typeof value === 'number' && value >= 0 && value < Infinity)) {
      throw new MetricsError(
        'METRICS_INVALID',
        `${name} of the ${model} cost model is ${String(value)}; expected a finite number of at least 0`,
        { name, found: String(value) },
      )
    }
  }
  const priors = costs.pSpoof + costs.pTarget + costs.pNontarget
  if (Math.abs(priors - 1) > 1e-10) {
    throw new MetricsError(
      'METRICS_INVALID',
      `pSpoof + pTarget + pNontarget of the ${model} cost model is ${priors}; expected 1`,
      { found: priors },
    )
  }
}
