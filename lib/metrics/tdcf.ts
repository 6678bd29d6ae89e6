import { assertMembers } from './arguments'
import { ArgumentTypeError, assertKnownOptions, MetricsError } from '../errors'
import type { AsvOperatingPoint } from './asv'
import { assertCostModel } from './cost-model'
import { lowestCost, rankingOf, thresholdOf, type LowestCost, type Ranking } from './ranking'
import type { Scores } from './scores'

/**
 * `v1`: the t-DCF of the ASVspoof 2019 challenge (Kinnunen et al., "t-DCF: a Detection Cost Function for the Tandem
 * Assessment of Spoofing Countermeasures and Automatic Speaker Verification", Odyssey 2018), which papers on LA 2019
 * quote. `v2`: the revised form (Kinnunen et al., "Tandem Assessment of Spoofing Countermeasures and Automatic Speaker
 * Verification: Fundamentals", IEEE/ACM TASLP 2020), which adds what the ASV system costs by itself.
 */
export type TdcfVersion = 'v1' | 'v2'

/** Priors (which sum to 1) and costs of the tandem. */
export interface TdcfCostModel {
  readonly pSpoof: number
  readonly pTarget: number
  readonly pNontarget: number
  readonly costMissAsv: number
  readonly costFaAsv: number
  readonly costMissCm: number
  readonly costFaCm: number
}

/** ASVspoof 2019 evaluation plan: 5 % spoofed trials; of the rest 99 % target and 1 % non-target. */
export const TDCF_COSTS_2019: TdcfCostModel = Object.freeze({
  pSpoof: 0.05,
  pTarget: (1 - 0.05) * 0.99,
  pNontarget: (1 - 0.05) * 0.01,
  costMissAsv: 1,
  costFaAsv: 10,
  costMissCm: 1,
  costFaCm: 10,
})

const COST_NAMES = Object.keys(TDCF_COSTS_2019) as (keyof TdcfCostModel)[]

export interface TdcfOptions {
  /** Default `v1`. */
  readonly version?: TdcfVersion
  /** Default {@link TDCF_COSTS_2019}. */
  readonly costModel?: TdcfCostModel
}

/** t-DCF(k) = (c0 + c1·miss(k) + c2·falseAlarm(k)) / norm. */
export interface TdcfWeights {
  /** What the ASV system costs without any countermeasure error; 0 in `v1`, which leaves it out. */
  readonly c0: number
  readonly c1: number
  readonly c2: number
  readonly norm: number
}

export interface MinTdcf extends TdcfWeights {
  readonly version: TdcfVersion
  /** Normalised minimum; 0 is perfect in `v1`, and 1 is a countermeasure that only accepts or only rejects. */
  readonly minTdcf: number
  /** Countermeasure threshold of the minimum; scores up to and including it are rejected. */
  readonly threshold: number
}

/**
 * Minimum normalised tandem detection cost of a countermeasure in front of a fixed ASV system. In `v1`,
 * c1 = P_tar·(C_miss_cm − C_miss_asv·P_miss_asv) − P_non·C_fa_asv·P_fa_asv,
 * c2 = C_fa_cm·P_spoof·(1 − P_miss_spoof_asv), norm = min(c1, c2). In `v2`,
 * c0 = P_tar·C_miss·P_miss_asv + P_non·C_fa·P_fa_asv, c1 = P_tar·C_miss − c0, c2 as before, norm = c0 + min(c1, c2).
 *
 * The minimum is taken over all points of `detCurve`, as the official tools do.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty, a score is NaN or infinite, the cost model is not one,
 *   or the ASV system leaves no room for a countermeasure (a weight below 0, or nothing to normalise by)
 * @throws ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` for options that are none
 */
export function computeTdcf(
  bonafide: Scores,
  spoof: Scores,
  operatingPoint: AsvOperatingPoint,
  options: TdcfOptions = {},
): MinTdcf {
  const ranking = rankingOf(bonafide, spoof)
  const weights = tdcfWeights(operatingPoint, options)
  const { cost, rejected } = lowestTdcf(ranking, weights)
  const threshold = thresholdOf(ranking, rejected)
  return { version: options.version ?? 'v1', minTdcf: cost, threshold, ...weights }
}

/** {@link computeTdcf} of classes ranked already. */
export function lowestTdcf(ranking: Ranking, { c0, c1, c2, norm }: TdcfWeights): LowestCost {
  return lowestCost(ranking, { constant: c0, miss: c1, falseAlarm: c2, norm })
}

/**
 * The weights alone; they depend on the ASV system and the cost model only.
 * @throws MetricsError, ArgumentTypeError as for {@link computeTdcf}
 */
export function tdcfWeights(operatingPoint: AsvOperatingPoint, options: TdcfOptions = {}): TdcfWeights {
  assertKnownOptions(options, ['version', 'costModel'], 'the t-DCF')
  const { version = 'v1', costModel: costs = TDCF_COSTS_2019 } = options
  assertVersion(version)
  assertMembers(operatingPoint, 'the t-DCF', ['pFa', 'pMiss', 'pMissSpoof'])
  const { pFa, pMiss, pMissSpoof } = operatingPoint
  assertCostModel('t-DCF', costs, COST_NAMES)
  assertRates({ pFa, pMiss, pMissSpoof })
  const c2 = costs.costFaCm * costs.pSpoof * (1 - pMissSpoof)
  if (version === 'v1') {
    const c1 =
      costs.pTarget * (costs.costMissCm - costs.costMissAsv * pMiss) -
      costs.pNontarget * costs.costFaAsv * pFa
    return checkedWeights({ c0: 0, c1, c2, norm: Math.min(c1, c2) })
  }
  const c0 = costs.pTarget * costs.costMissAsv * pMiss + costs.pNontarget * costs.costFaAsv * pFa
  const c1 = costs.pTarget * costs.costMissCm - c0
  return checkedWeights({ c0, c1, c2, norm: c0 + Math.min(c1, c2) })
}

// JavaScript callers pass anything, and whatever is not v1 would be computed as v2.
function assertVersion(version: string): void {
  if (version === 'v1' || version === 'v2') return
  throw new ArgumentTypeError(`the t-DCF has the versions v1 and v2, found ${version}`, { option: 'version' })
}

function checkedWeights(weights: TdcfWeights): TdcfWeights {
  const { c1, c2, norm } = weights
  if (c1 < 0) {
    throw new MetricsError(
      'METRICS_INVALID',
      `the t-DCF weight of countermeasure misses is ${c1}, below 0: the ASV system alone already costs more than ` +
        'rejecting everybody; check that its scores are higher for target trials',
      { ...weights },
    )
  }
  if (c2 < 0 || norm <= 0) {
    throw new MetricsError(
      'METRICS_INVALID',
      `the t-DCF cannot be normalised (C1 ${c1}, C2 ${c2}): the ASV system leaves a countermeasure nothing to gain, ` +
        'as when it rejects every spoof by itself; check the ASV scores',
      { ...weights },
    )
  }
  return weights
}

function assertRates(rates: Readonly<Record<string, number>>): void {
  for (const [name, rate] of Object.entries(rates)) {
    if (!(rate >= 0 && rate <= 1)) {
      throw new MetricsError(
        'METRICS_INVALID',
        `${name} of the ASV operating point is ${rate}; expected a fraction from 0 to 1, not a percentage`,
        { name, found: String(rate) },
      )
    }
  }
}
