/** What the names in the first line of a score file say of its columns. */
import { parseDecimal } from './decimal'
import { keyOfWord } from './score-words'

const nameWords = new Set(
  'prediction output filename file fileid utterance utt uttid utteranceid trial trialid path wav audio flacfilename'.split(
    ' ',
  ),
)
const exactScoreWords = new Set(['score', 'scores', 'cmscore', 'cmscores'])
const keyWords = new Set(
  'key keys label labels target targets class truth groundtruth gt reference ref'.split(' '),
)
/** Columns of numbers that are no scores. */
const otherWords = new Set(
  (
    'speaker speakers spk spkid subject gender sex age id ids index idx no nr number row line fold split set ' +
    'duration durations dur length len seconds secs sec time start end offset frames samples size rate sr snr seed ' +
    'codec quality attack attacks system source language lang'
  ).split(' '),
)
const predictionWords = /^(pred|decision|decided|estimat|guess|hyp|output)/

/** The names of the columns as they stand there; undefined when the line is one of scores. */
export function headerOf(cells: readonly string[]): readonly string[] | undefined {
  const holdsData = cells.some(cell => !Number.isNaN(parseDecimal(cell)) || keyOfWord(cell) !== undefined)
  const isName = (cell: string): boolean => nameWords.has(plain(cell)) || scoreRank(cell) > 0
  return !holdsData && cells.some(isName) ? cells : undefined
}

/** 3 for `score` itself, 2 for what holds such a word (`spoof_score`, `llr`, `probability`), 1 for what may, else 0. */
export function scoreRank(name: string): 0 | 1 | 2 | 3 {
  if (exactScoreWords.has(plain(name))) return 3
  const words = wordsOf(name)
  if (words.some(word => /score|logit|llr|likelihood|loglik|^probs?$|^probabilit/.test(word))) return 2
  return words.some(word => predictionWords.test(word)) ? 1 : 0
}

/** 2 for `key` and its like, 1 for what holds such a word, 0 for everything else, -1 for a prediction of it. */
export function keyRank(name: string): -1 | 0 | 1 | 2 {
  const words = wordsOf(name)
  if (words.some(word => predictionWords.test(word))) return -1
  if (keyWords.has(plain(name))) return 2
  return words.some(word => keyWords.has(word)) ? 1 : 0
}

/** Labels, speakers, durations …, and the index without a name of data frames. */
export function isNamedOtherwise(name: string): boolean {
  return plain(name) === '' || keyRank(name) > 0 || wordsOf(name).some(word => otherWords.has(word))
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** `spoofScore` and `spoof_score` are two words. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
}
