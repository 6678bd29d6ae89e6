import { assertKnownOptions, DatasetError } from '../errors'
import { writeFileAtomically } from './atomic-file'
import { parseScore } from './decimal'
import { utterancePlaces, type Protocol, type ProtocolTrial } from './protocol'
import { oneKey } from './score-keys'
import {
  detectLayout,
  splitLine,
  type DetectedLayout,
  type ScoreColumn,
  type ScoreLayout,
} from './score-layout'
import { keyOfWord, parseSource, plainUtterance, withoutFolder, type Source } from './score-words'
import { lineError, readLines, type LineFailure } from './text-lines'
import type { TextFile } from './text-source'
import { holdsPathOrControl, secondTime, type Trial, type TrialKey } from './trial'

/** A trial with its countermeasure score; higher means more bona fide. */
export interface TrialScore extends Trial {
  readonly score: number
}

/**
 * One line of a countermeasure score file, without its end: `utterance source key score`, with `-` as the source of
 * bona fide speech. The score is the shortest decimal that reads back as the same double.
 *
 * @throws DatasetError `SCORES_INVALID` when the score is NaN or infinite
 */
export function formatScoreLine({ utterance, attack, key, score }: TrialScore): string {
  if (!Number.isFinite(score)) {
    throw new DatasetError(
      'SCORES_INVALID',
      `the score of ${utterance} is ${score}; expected a finite number: a clip that failed has no line`,
      { utterance, found: String(score) },
    )
  }
  return `${utterance} ${attack ?? '-'} ${key} ${Object.is(score, -0) ? '-0' : String(score)}`
}

/**
 * Writes a countermeasure score file, one line a trial in the given order; all of it or nothing.
 * @throws DatasetError `SCORES_INVALID` as for {@link formatScoreLine}; `OUTPUT_UNWRITABLE`
 */
export async function writeScoreFile(path: string, scores: Iterable<TrialScore>): Promise<void> {
  await writeFileAtomically(path, scoreLines(scores))
}

function* scoreLines(scores: Iterable<TrialScore>): Generator<string> {
  for (const score of scores) yield `${formatScoreLine(score)}\n`
}

/** How a score file was understood. */
export interface ScoreFileLayout extends ScoreLayout {
  readonly gzip: boolean
}

export interface ScoreFile {
  readonly path: string
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string
  readonly layout: ScoreFileLayout
  /** In the order of the protocol; without one, of the file. */
  readonly trials: readonly TrialScore[]
  /** Trials of the protocol that have no score, in its order. */
  readonly missing: readonly ProtocolTrial[]
}

export interface ReadScoreFileOptions {
  /** Which trials there are, and what they are; default: what the file itself says. */
  readonly protocol?: Protocol | undefined
}

/**
 * Reads a countermeasure score file, a line a trial, as the various tools write it. Columns are recognised by what they
 * hold, whatever their order and number: the utterance (also a path, or with the ending of the audio), its score, and
 * at will its source (`-`, `A00` or a word for bona fide speech, or the name of an attack), its key (`bonafide`,
 * `genuine`, `spoof`, `fake` …, in any case), and columns that are not used, such as speakers, constants, labels in
 * numbers, and predictions. Between them stand blanks, tabs or commas; there may be CRLF, a byte order mark, a line with
 * the names of the columns, and gzip around it all. Of the first 8,192 lines, 512 spread over them decide, and every line
 * is held to it.
 *
 * Where several columns could be the score or the key, names in the first line decide: `score`, else what holds a word
 * such as score, llr, logit or prob; `key`, `label` and the like. Without them, a file whose scores or keys are not
 * clear is refused. Scores stay as they are, also under a name such as `spoof_score` that says that higher is more
 * spoof: their EER is then above 50 %, and their signs have to be turned before.
 *
 * Scores and trials of a protocol are joined by utterance. Without a protocol the file must say by key or source which
 * trials are bona fide; spoofs of a file without sources have no attack. The names of its trials are then what stands
 * behind the folder, and can be the same in different folders.
 *
 * @throws DatasetError `SCORES_INVALID` with file and line: unreadable or not text, no score, columns that cannot be
 *   told apart, another number of columns, unknown key, source and key that contradict each other or the protocol, an
 *   utterance twice or not in the protocol, a score that is not a finite number, damaged gzip, more than 10 million lines
 */
export async function readScoreFile(path: string, options: ReadScoreFileOptions = {}): Promise<ScoreFile> {
  assertKnownOptions(options, ['protocol'], 'readScoreFile')
  const { protocol } = options
  const file: TextFile = { path, code: 'SCORES_INVALID', kind: 'score file' }
  const collected = protocol === undefined ? new OwnTrials() : new ProtocolTrials(protocol)
  const reader = new ScoreLines(file, collected)
  const { sha256, isGzip } = await readLines(file, (text, line) => reader.take(text, line))
  const layout = reader.end()
  return { path, sha256, layout: { ...layout, gzip: isGzip }, ...collected.result() }
}

/** What a line says of an utterance. */
interface ScoreRow {
  /** As it stands in the file. */
  readonly name: string
  readonly source: Source | undefined
  readonly key: TrialKey | undefined
  readonly score: number
}

interface TrialCollection {
  readonly trialOf: ((name: string) => Trial | undefined) | undefined
  add(row: ScoreRow, fail: LineFailure): void
  result(): Pick<ScoreFile, 'trials' | 'missing'>
}

/** More than the 7,355 bona fide trials of the ASVspoof 2019 LA evaluation, which sorted files begin with. */
const sampleLines = 8192

/** Holds lines back until the layout is clear. */
class ScoreLines {
  private readonly sample: { readonly text: string; readonly line: number }[] = []
  private parser: ((text: string) => ScoreRow) | undefined
  private layout: ScoreLayout | undefined
  private line = 0
  private readonly file: TextFile
  private readonly collected: TrialCollection
  private readonly fail: LineFailure = (found, expected) => lineError(this.file, this.line, found, expected)

  constructor(file: TextFile, collected: TrialCollection) {
    this.file = file
    this.collected = collected
  }

  take(text: string, line: number): void {
    if (this.parser === undefined) {
      this.sample.push({ text, line })
      if (this.sample.length === sampleLines) this.begin()
      return
    }
    this.line = line
    this.collected.add(this.parser(text), this.fail)
  }

  end(): ScoreLayout {
    if (this.parser === undefined && this.sample.length > 0) this.begin()
    const { path } = this.file
    if (this.layout === undefined || this.line === 0) {
      const message = `the score file ${path} holds no score; expected lines such as "utterance source key score"`
      throw new DatasetError('SCORES_INVALID', message, { path })
    }
    return this.layout
  }

  private begin(): void {
    const { sample, collected } = this
    const fail: LineFailure = (found, expected) => lineError(this.file, sample[0]!.line, found, expected)
    const lines = sample.map(({ text }) => text)
    const detected = detectLayout({ lines, trialOf: collected.trialOf, fail })
    this.layout = detected.layout
    this.parser = rowParser(detected, this.fail)
    const rows = sample.splice(0)
    for (const { text, line } of this.layout.header ? rows.slice(1) : rows) this.take(text, line)
  }
}

function rowParser({ layout, keysAlike }: DetectedLayout, fail: LineFailure): (line: string) => ScoreRow {
  const { columns, separator } = layout
  const place = (column: ScoreColumn): number => columns.indexOf(column)
  const [utterance, source, key, score] = [place('utterance'), place('source'), place('key'), place('score')]
  const sources = new Map<string, Source>()
  const sourceOf = (text: string): Source => {
    let found = sources.get(text)
    if (found === undefined) sources.set(text, (found = parseSource(text)))
    return found
  }
  const reused: string[] = []
  return line => {
    const cells = splitLine(line, separator, reused)
    if (cells.length !== columns.length) {
      throw fail(
        `${cells.length} columns`,
        `${columns.length}, as in most of the first lines: ${columns.join(' ')}`,
      )
    }
    const row: ScoreRow = {
      name: cells[utterance]!,
      source: source < 0 ? undefined : sourceOf(cells[source]!),
      key: key < 0 ? undefined : parseKeyWord(cells[key]!, fail),
      score: parseScore(cells[score]!, fail),
    }
    if (keysAlike.length > 0) assertAlike(cells, [...keysAlike, key], fail)
    if (row.key !== undefined && row.source !== undefined && row.key !== row.source.key) {
      throw contradiction(row.key, cells[source]!, fail)
    }
    return row
  }
}

/** Any of the words that score files have for the two keys; protocols have one each. */
function parseKeyWord(text: string, fail: LineFailure): TrialKey {
  const key = keyOfWord(text)
  if (key === undefined) throw fail(`the key "${text}"`, 'bonafide or spoof')
  return key
}

/** Columns of which any could be the key as long as they say the same. */
function assertAlike(cells: readonly string[], places: readonly number[], fail: LineFailure): void {
  const told = places
    .map(place => ({ place, key: keyOfWord(cells[place]!) }))
    .filter(({ key }) => key !== undefined)
    .sort((a, b) => a.place - b.place)
  const other = told.find(({ key }) => key !== told[0]!.key)
  if (other === undefined) return
  const say = ({ place }: { place: number }): string => `column ${place + 1} says "${cells[place]!}"`
  throw fail(`${say(told[0]!)} and ${say(other).replace(' says', '')}`, oneKey)
}

const noPredictions = 'if the keys are predictions, leave out their column'

function contradiction(key: TrialKey, source: string, fail: LineFailure): DatasetError {
  return key === 'bonafide'
    ? fail(`a bona fide trial with the attack "${source}"`, `"-" for bona fide speech; ${noPredictions}`)
    : fail(
        `a spoof trial with the source "${source}"`,
        `the name of its attack, such as A07; ${noPredictions}`,
      )
}

/** The trials a file itself speaks of. */
class OwnTrials implements TrialCollection {
  readonly trialOf = undefined
  private readonly trials: TrialScore[] = []
  private readonly names = new UniqueNames()

  add({ name, source, key, score }: ScoreRow, fail: LineFailure): void {
    const utterance = name === '' || holdsPathOrControl(name) ? fileName(name, fail) : name
    this.names.add(name, utterance, fail)
    // Without a protocol no layout lacks both.
    this.trials.push({ utterance, attack: source?.attack, key: key ?? source!.key, score })
  }

  result(): Pick<ScoreFile, 'trials' | 'missing'> {
    return { trials: this.trials, missing: [] }
  }
}

/** Refuses the second of two names. Clips of different folders differ; a name without folder is one of any. */
class UniqueNames {
  private readonly bare = new Set<string>()
  private readonly paths = new Set<string>()
  private readonly inFolders = new Set<string>()

  add(name: string, plain: string, fail: LineFailure): void {
    // One look at a set instead of two: it is a third of what reading a line costs.
    if (name === plain) {
      const before = this.bare.size
      if (this.bare.add(name).size === before || this.inFolders.has(name)) throw secondTime(name, fail)
      return
    }
    if (this.bare.has(plain)) throw secondTime(plain, fail)
    if (this.paths.has(name)) throw secondTime(name, fail)
    this.paths.add(name)
    this.inFolders.add(plain)
  }
}

function fileName(path: string, fail: LineFailure): string {
  const name = withoutFolder(path)
  if (name === '' || name === '.' || name === '..' || holdsPathOrControl(name)) {
    throw fail(`the utterance name ${JSON.stringify(path)}`, 'the name of a file, such as LA_E_1000147')
  }
  return name
}

/** The trials of a protocol. */
class ProtocolTrials implements TrialCollection {
  private readonly protocol: Protocol
  private readonly places: ReadonlyMap<string, number>
  /** By place in the protocol; NaN where there is none. */
  private readonly scores: Float64Array
  private next = 0

  constructor(protocol: Protocol) {
    this.protocol = protocol
    this.scores = new Float64Array(protocol.trials.length).fill(NaN)
    this.places = utterancePlaces(protocol)
  }

  readonly trialOf = (name: string): Trial | undefined => {
    const index = this.placeOf(name)
    return index === undefined ? undefined : this.protocol.trials[index]
  }

  private placeOf(name: string): number | undefined {
    return this.places.get(name) ?? this.places.get(plainUtterance(name))
  }

  /** Most files are in the order of the protocol: a look at the next trial saves that into a large map. */
  private isNext(name: string): boolean {
    return this.protocol.trials[this.next]?.utterance === name
  }

  add({ name, source, key, score }: ScoreRow, fail: LineFailure): void {
    const { path, trials } = this.protocol
    const index = this.isNext(name) ? this.next : this.placeOf(name)
    if (index === undefined) {
      const expected = `an utterance of the protocol ${path}: is this the list the scores were made for?`
      throw fail(`utterance ${JSON.stringify(name)}`, expected)
    }
    const trial = trials[index]!
    const told = key ?? source?.key
    if (told !== undefined && told !== trial.key) {
      throw fail(`${told} as what ${trial.utterance} is`, `${trial.key}, as in the protocol ${path}`)
    }
    const attack = source?.attack
    if (attack !== undefined && trial.attack !== undefined && attack !== parseSource(trial.attack).attack) {
      throw fail(
        `the attack "${attack}" of ${trial.utterance}`,
        `${trial.attack}, as in the protocol ${path}`,
      )
    }
    if (!Number.isNaN(this.scores[index])) throw secondTime(trial.utterance, fail)
    this.scores[index] = score
    this.next = index + 1
  }

  result(): Pick<ScoreFile, 'trials' | 'missing'> {
    const trials: TrialScore[] = []
    const missing: ProtocolTrial[] = []
    for (const [index, trial] of this.protocol.trials.entries()) {
      const score = this.scores[index]!
      const { utterance, attack, key } = trial
      if (Number.isNaN(score)) missing.push(trial)
      else trials.push({ utterance, attack, key, score })
    }
    return { trials, missing }
  }
}
