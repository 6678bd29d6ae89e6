/** One list of scores in the layouts in which people publish theirs. */
import { gzipSync } from 'node:zlib'
import type { ScoreColumn } from '../../lib/dataset'

export interface ScoreVariantRow {
  readonly speaker: string
  readonly utterance: string
  /** `-` for bona fide speech. */
  readonly attack: string
  readonly key: 'bonafide' | 'spoof'
  /** As it is written. */
  readonly score: string
}

/**
 * Scores of 2 speakers' genuine speech and of two attacks. At a threshold between 0.5 and 1.5, one of four bona fide
 * trials is missed and one of four spoofs taken: the EER is 25 %, that of A07 alone 50 %·(1/4 + 1/2) = 37.5 %.
 */
export const variantRows: readonly ScoreVariantRow[] = [
  { speaker: 'LA_0014', utterance: 'LA_E_1000001', attack: '-', key: 'bonafide', score: '3.5' },
  { speaker: 'LA_0039', utterance: 'LA_E_1000002', attack: 'A07', key: 'spoof', score: '-1.5' },
  { speaker: 'LA_0039', utterance: 'LA_E_1000003', attack: 'A19', key: 'spoof', score: '-2.5e0' },
  { speaker: 'LA_0014', utterance: 'LA_E_1000004', attack: '-', key: 'bonafide', score: '25E-1' },
  { speaker: 'LA_0039', utterance: 'LA_E_1000005', attack: '-', key: 'bonafide', score: '+1.5' },
  { speaker: 'LA_0040', utterance: 'LA_E_1000006', attack: 'A19', key: 'spoof', score: '-35e-1' },
  { speaker: 'LA_0014', utterance: 'LA_E_1000007', attack: '-', key: 'bonafide', score: '-.5' },
  { speaker: 'LA_0040', utterance: 'LA_E_1000008', attack: 'A07', key: 'spoof', score: '.5' },
]

export interface ScoreVariant {
  readonly name: string
  readonly write: (rows: readonly ScoreVariantRow[]) => string | Uint8Array
  /** Whether the file says keys and attacks, keys alone, or needs a protocol. */
  readonly says: 'attacks' | 'keys' | 'scores'
  readonly columns: readonly ScoreColumn[]
  /** Unlike most, which have blanks between the columns, no first line of names and no gzip around them. */
  readonly separator?: 'commas'
  readonly header?: true
  readonly gzip?: true
}

const lines =
  (line: (row: ScoreVariantRow, index: number) => string, { end = '\n', first = '' } = {}) =>
  (rows: readonly ScoreVariantRow[]): string =>
    first + rows.map((row, index) => line(row, index) + end).join('')

const official = lines(({ utterance, attack, key, score }) => `${utterance} ${attack} ${key} ${score}`)
const four = ['utterance', 'source', 'key', 'score'] as const
const six = ['other', 'utterance', 'other', 'source', 'key', 'score'] as const

/** The same rows in another order: the last first, then every third. */
export function shuffled<Row>(rows: readonly Row[]): readonly Row[] {
  return [0, 1, 2].flatMap(start => rows.filter((_, index) => index % 3 === start)).reverse()
}

const sortedByKey = (rows: readonly ScoreVariantRow[]): readonly ScoreVariantRow[] =>
  [...rows].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))

const sixColumns = lines(
  ({ speaker, utterance, attack, key, score }) => `${speaker} ${utterance} - ${attack} ${key} ${score}`,
)

export const scoreVariants: readonly ScoreVariant[] = [
  { name: "four columns, as AASIST's tool writes them", write: official, says: 'attacks', columns: four },
  {
    name: 'rows in another order',
    write: rows => official(shuffled(rows)),
    says: 'attacks',
    columns: four,
  },
  {
    name: 'A00 as the source of bona fide speech, as AIR-ASVspoof writes it',
    write: lines(
      ({ utterance, attack, key, score }) =>
        `${utterance} ${attack === '-' ? 'A00' : attack} ${key} ${score}`,
    ),
    says: 'attacks',
    columns: four,
  },
  {
    name: 'bonafide as the source of bona fide speech, as in ASVspoof 2021 and 5',
    write: lines(
      ({ utterance, attack, key, score }) =>
        `${utterance} ${attack === '-' ? 'bonafide' : attack} ${key} ${score}`,
    ),
    says: 'attacks',
    columns: four,
  },
  { name: 'six columns, the protocol and the score', write: sixColumns, says: 'attacks', columns: six },
  {
    name: 'six columns, bona fide speech first',
    write: rows => sixColumns(sortedByKey(rows)),
    says: 'attacks',
    columns: six,
  },
  {
    name: 'six columns, spoofs first',
    write: rows => sixColumns([...sortedByKey(rows)].reverse()),
    says: 'attacks',
    columns: six,
  },
  {
    name: 'six columns in another order',
    write: lines(
      ({ speaker, utterance, attack, key, score }) => `${score} ${key} ${attack} ${speaker} - ${utterance}`,
    ),
    says: 'attacks',
    columns: ['score', 'key', 'source', 'other', 'other', 'utterance'],
  },
  {
    name: 'five columns with a speaker in numbers',
    write: lines(
      ({ speaker, utterance, attack, key, score }) =>
        `${speaker.slice(3)} ${utterance} ${attack} ${key} ${score}`,
    ),
    says: 'attacks',
    columns: ['other', 'utterance', 'source', 'key', 'score'],
  },
  {
    name: 'the score before source and key',
    write: lines(({ utterance, attack, key, score }) => `${utterance} ${score} ${attack} ${key}`),
    says: 'attacks',
    columns: ['utterance', 'score', 'source', 'key'],
  },
  {
    name: 'three columns, with the source',
    write: lines(({ utterance, attack, score }) => `${utterance} ${attack} ${score}`),
    says: 'attacks',
    columns: ['utterance', 'source', 'score'],
  },
  {
    name: 'three columns, with A00 and attacks in small letters',
    write: lines(
      ({ utterance, attack, score }) =>
        `${utterance} ${attack === '-' ? 'a00' : attack.toLowerCase()} ${score}`,
    ),
    says: 'attacks',
    columns: ['utterance', 'source', 'score'],
  },
  {
    name: 'three columns, with the key in other words and letters',
    write: lines(
      ({ utterance, key, score }, index) =>
        `${utterance} ${key === 'spoof' ? ['SPOOF', 'Fake', 'spoofed'][index % 3]! : ['Bona-Fide', 'genuine', 'HUMAN', 'bonafide'][index % 4]!} ${score}`,
    ),
    says: 'keys',
    columns: ['utterance', 'key', 'score'],
  },
  {
    name: 'a constant dash instead of the source',
    write: lines(({ utterance, key, score }) => `${utterance} - ${key} ${score}`),
    says: 'keys',
    columns: ['utterance', 'other', 'key', 'score'],
  },
  {
    name: 'two columns, as the tools of ASVspoof 2021 take them',
    write: lines(({ utterance, score }) => `${utterance} ${score}`),
    says: 'scores',
    columns: ['utterance', 'score'],
  },
  {
    name: 'two columns with a line of names, tabs and CRLF, as the tools of ASVspoof 5 take them',
    write: lines(({ utterance, score }) => `${utterance}\t${score}`, {
      end: '\r\n',
      first: 'filename\tcm-score\r\n',
    }),
    says: 'scores',
    columns: ['utterance', 'score'],
    header: true,
  },
  {
    name: 'commas, a constant and a label in numbers, as project-NN-Pytorch-scripts prints them',
    write: lines(
      ({ utterance, key, score }) => `Output, ${utterance}, ${key === 'bonafide' ? 1 : 0}, ${score}`,
    ),
    says: 'scores',
    columns: ['other', 'utterance', 'other', 'score'],
    separator: 'commas',
  },
  {
    name: 'commas, an index and quotes, as tables are written by data frames',
    write: lines(({ utterance, key, score }, index) => `${index},"${utterance}","${key}",${score}`, {
      first: '"","file","label","score"\n',
    }),
    says: 'keys',
    columns: ['other', 'utterance', 'key', 'score'],
    separator: 'commas',
    header: true,
  },
  {
    name: 'two columns of numbers, of which the first line names one the score',
    write: lines(({ utterance, key, score }, index) => `${utterance},${key},${1.25 + index},${score}`, {
      first: 'utt,key,duration,cm_score\n',
    }),
    says: 'keys',
    columns: ['utterance', 'key', 'other', 'score'],
    separator: 'commas',
    header: true,
  },
  {
    name: 'utterances with the ending of the audio',
    write: lines(
      ({ utterance, score }, index) => `${utterance}${['.flac', '.wav', '.FLAC', ''][index % 4]!} ${score}`,
    ),
    says: 'scores',
    columns: ['utterance', 'score'],
  },
  {
    name: 'utterances with their path',
    write: lines(({ utterance, score }, index) =>
      index % 2 === 0
        ? `/corpora/LA/flac/${utterance}.flac ${score}`
        : `D:\\corpora\\LA\\flac\\${utterance}.flac ${score}`,
    ),
    says: 'scores',
    columns: ['utterance', 'score'],
  },
  {
    name: 'a byte order mark, blank lines, and blanks around and between the columns',
    write: rows =>
      `\ufeff\r\n${rows.map(({ utterance, attack, key, score }) => `  ${utterance} \t${attack}  ${key}\t${score} \r\n\n`).join('')}`,
    says: 'attacks',
    columns: four,
  },
  {
    name: 'no end of the last line',
    write: rows => official(rows).trimEnd(),
    says: 'attacks',
    columns: four,
  },
  { name: 'gzip', write: rows => gzipSync(official(rows)), says: 'attacks', columns: four, gzip: true },
  {
    name: 'gzip of several members',
    write: rows => Buffer.concat([gzipSync(official(rows.slice(0, 3))), gzipSync(official(rows.slice(3)))]),
    says: 'attacks',
    columns: four,
    gzip: true,
  },
]

/** The protocol of the rows, in their order. */
export function protocolText(rows: readonly ScoreVariantRow[]): string {
  return lines(({ speaker, utterance, attack, key }) => `${speaker} ${utterance} - ${attack} ${key}`)(rows)
}
