import { dirname, join } from 'node:path'
import {
  readAsvScores,
  readProtocol,
  readScoreFile,
  writeScoreFile,
  type Protocol,
  type TrialScore,
} from '../../lib/dataset'
import { readEarlierScores } from '../../lib/scoring/earlier-scores'
import { fileHolding, scratchFolder } from '../scratch'
import { sound, type Target } from '../target'

const words = [
  ...[
    'bonafide',
    'genuine',
    'spoof',
    'fake',
    'target',
    'nontarget',
    'A07',
    ' - ',
    '\t',
    ',',
    '\r\n',
    '\xef\xbb\xbf',
  ],
  ...['score', 'key', 'label', 'utterance', 'llr', 'nan', 'inf', '1e308', '-0', '\x1f\x8b\x08'],
  ...['../', '/', '\\', '__proto__', 'constructor', '\x00', '\xff'],
]

const protocol: Target = {
  name: 'protocol',
  parses: 'readProtocol',
  refusals: ['PROTOCOL_INVALID'],
  largestBytes: 4096,
  dictionary: words,
  answers: 'later',
  read: async bytes => {
    const { trials } = await readProtocol(fileHolding('protocol.txt', bytes))
    sound(trials.length > 0, 'a list of no trials')
    sound(new Set(trials.map(({ utterance }) => utterance)).size === trials.length, 'an utterance twice')
    for (const { utterance } of trials) {
      const clip = join('clips', `${utterance}.flac`)
      sound(dirname(clip) === 'clips' && !clip.includes('\0'), 'an utterance that leaves the folder of clips')
    }
  },
}

/** What is written is read again as this package reads what it wrote: line by line, to the very number. */
async function assertKept(trials: readonly TrialScore[]): Promise<void> {
  const names = trials.map(({ utterance }) => utterance)
  // Names with a blank and those that two folders share are no names of a protocol.
  if (new Set(names).size < names.length || names.some(name => /\s/.test(name))) return
  const path = join(scratchFolder(), 'written.txt')
  await writeScoreFile(path, trials)
  const { scores, dropped } = await readEarlierScores([path], trials)
  sound(dropped === 0, 'a line that this package wrote and does not know again')
  sound(
    trials.every(({ score }, index) => Object.is(score, scores[index])),
    'a score that is another one when it is read again',
  )
}

function assertScores(trials: readonly TrialScore[]): void {
  sound(trials.length > 0, 'a file of no scores')
  for (const { score, key, attack, utterance } of trials) {
    sound(Number.isFinite(score), 'a score that is no number')
    sound(key === 'spoof' || attack === undefined, 'bona fide speech with an attack')
    sound(utterance !== '' && !/[/\\\p{Cc}]/u.test(utterance), 'a name that is a path')
  }
}

const scores: Target = {
  name: 'scores',
  parses: 'readScoreFile: columns found by what they hold; readEarlierScores of what was read',
  refusals: ['SCORES_INVALID'],
  largestBytes: 4096,
  dictionary: words,
  answers: 'later',
  read: async bytes => {
    const { trials } = await readScoreFile(fileHolding('scores.txt', bytes))
    assertScores(trials)
    await assertKept(trials)
  },
}

let known: Promise<Protocol> | undefined
const knownLines = ['S1 U1 - - bonafide', 'S2 U2 - A07 spoof', 'S2 U3 - A19 spoof', 'S1 U4 - - bonafide']

const joinedScores: Target = {
  name: 'joined-scores',
  parses: 'readScoreFile with a protocol',
  refusals: ['SCORES_INVALID'],
  largestBytes: 2048,
  dictionary: [...words, 'U1', 'U2', 'U3', 'U4'],
  answers: 'later',
  read: async bytes => {
    known ??= readProtocol(fileHolding('known.txt', `${knownLines.join('\n')}\n`))
    const options = { protocol: await known }
    const { trials, missing } = await readScoreFile(fileHolding('joined.txt', bytes), options)
    assertScores(trials)
    sound(trials.length + missing.length === knownLines.length, 'a trial that is neither there nor missing')
  },
}

const asvScores: Target = {
  name: 'asv-scores',
  parses: 'readAsvScores',
  refusals: ['SCORES_INVALID'],
  largestBytes: 2048,
  dictionary: words,
  answers: 'later',
  read: async bytes => {
    const lists = await readAsvScores(fileHolding('asv.txt', bytes))
    for (const list of [lists.target, lists.nontarget, lists.spoof]) {
      sound(list.length > 0 && list.every(Number.isFinite), 'a list without scores')
    }
  },
}

const trials = [
  { utterance: 'U1', attack: undefined, key: 'bonafide' },
  { utterance: 'U2', attack: 'A07', key: 'spoof' },
  { utterance: '__proto__', attack: 'A07', key: 'spoof' },
] as const

const journal: Target = {
  name: 'journal',
  parses: 'readEarlierScores: what a run that was killed left',
  refusals: [],
  largestBytes: 2048,
  dictionary: ['U1 - bonafide ', 'U2 A07 spoof ', '__proto__ A07 spoof ', '\n', '-0', '1e-7', 'NaN', '0x10'],
  answers: 'later',
  read: async bytes => {
    const file = fileHolding('journal.txt', bytes)
    const once = await readEarlierScores([file], trials)
    const twice = await readEarlierScores([file, file], trials)
    sound(once.scores.length === trials.length, 'another number of trials')
    sound(once.found === once.scores.filter(score => !Number.isNaN(score)).length, 'another number of scores')
    sound(
      once.scores.every(score => Math.abs(score) !== Infinity),
      'a score without end',
    )
    sound(
      once.scores.every((score, index) => Object.is(score, twice.scores[index])),
      'a file that contradicts itself',
    )
  },
}

export const datasetTargets: readonly Target[] = [protocol, scores, joinedScores, asvScores, journal]
