/** Results for reports. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededScores } from './seeded-scores'

export interface ListSize {
  readonly bonafide: number
  readonly attacks: Readonly<Record<string, number>>
}

/** A score file as eval writes it, named as in ASVspoof 2019 LA so that there is an ASV system for the t-DCF. */
export function writeScores(folder: string, name: string, { bonafide, attacks }: ListSize, seed = 1): string {
  const next = seededScores(seed)
  const lines: string[] = []
  const add = (source: string, key: string, mean: number): void => {
    const utterance = `LA_E_${String(1_000_000 + lines.length)}`
    lines.push(`${utterance} ${source} ${key} ${String(next(mean))}`)
  }
  for (let index = 0; index < bonafide; index++) add('-', 'bonafide', 2)
  for (const [place, [attack, count]] of Object.entries(attacks).entries())
    for (let index = 0; index < count; index++) add(attack, 'spoof', -2 + place / 8)
  const path = join(folder, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** As many trials as the evaluation of ASVspoof 2019 LA has: 7,355 bona fide and 63,882 spoofed. */
export const wholeList: ListSize = {
  bonafide: 7355,
  attacks: Object.fromEntries(
    Array.from({ length: 13 }, (_, index) => [`A${String(index + 7).padStart(2, '0')}`, 4914]),
  ),
}
