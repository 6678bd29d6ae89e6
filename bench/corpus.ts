/** Corpora of any length whose clips are links to a few files. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** In the layout of ASVspoof 2019 LA: a tenth bona fide, 13 attacks in turn. */
export function writeCorpus(folder: string, length: number, files: readonly string[]): void {
  const clips = join(folder, 'ASVspoof2019_LA_eval', 'flac')
  const protocols = join(folder, 'ASVspoof2019_LA_cm_protocols')
  mkdirSync(clips, { recursive: true })
  mkdirSync(protocols)
  const lines: string[] = []
  for (let index = 0; index < length; index++) {
    const utterance = `LA_E_${1_000_000 + index}`
    const file = files[index % files.length]!
    symlinkSync(file, join(clips, `${utterance}${extname(file)}`))
    const attack = index % 10 === 0 ? undefined : `A${String(7 + (index % 13)).padStart(2, '0')}`
    lines.push(`LA_0001 ${utterance} - ${attack ?? '-'} ${attack === undefined ? 'bonafide' : 'spoof'}\n`)
  }
  writeFileSync(join(protocols, 'ASVspoof2019.LA.cm.eval.trl.txt'), lines.join(''))
}
