/** The figures of a list of scores: what they are called, and what the official tools gave for published lists. */
import { readJson } from '../support/golden'

/** Of all utterances together, as summaries and metrics.json have them. */
export const figureNames = [
  'eer',
  'eerThreshold',
  'eerTieProper',
  'minTdcf',
  'minTdcfThreshold',
  'minTdcfV2',
  'minDcf',
  'actDcf',
  'cllr',
] as const

export const publishedSystems = ['AASIST_official', 'RawGAT_ST_mul'] as const

/** EERs are in percent; `br` has those of the attacks. */
export interface PublishedSystem {
  n: number
  nb: number
  ns: number
  eer: number
  eer_thr: number
  eer_tieproper: number
  mintdcf: number
  tdcf_thr: number
  mintdcf_v2: number
  minDCF: number
  actDCF: number
  cllr: number
  br: Record<string, number>
}

export interface Published extends Record<(typeof publishedSystems)[number], PublishedSystem> {
  ASV: Record<
    'eer_asv' | 'thr' | 'pfa' | 'pmiss' | 'pmiss_spoof' | 'C1' | 'C2' | 'C0' | 'C1v2' | 'C2v2',
    number
  >
}

/** `data`: the folder of the reference data. */
export function publishedFigures(data: string): Published {
  return readJson(data, 'expected-metrics.json') as Published
}
