import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readProtocol, readScoreFile, type ScoreFile } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'

interface Row {
  readonly index: number
  readonly utterance: string
  readonly attack: string
  readonly key: 'bonafide' | 'spoof'
  /** 1 for bona fide speech. */
  readonly label: number
  /** What some classifier says: wrong in one row of 20. */
  readonly predicted: string
  readonly score: string
  /** The same range in whole numbers, many of which occur several times. */
  readonly whole: number
  readonly seconds: string
}

/** Rows of which every `bonafideEvery`-th is bona fide; figures jump about, with an overlap of the classes. */
function rowsOf(count: number, bonafideEvery = 4): readonly Row[] {
  return Array.from({ length: count }, (_, index) => {
    const isBonafide = index % bonafideEvery === 0
    const key = isBonafide ? 'bonafide' : 'spoof'
    const jump = (index * 37) % 101
    return {
      index,
      utterance: `LA_E_${1_000_000 + ((index * 7919) % 100_003)}`,
      attack: isBonafide ? '-' : `A${String(7 + (index % 13)).padStart(2, '0')}`,
      key,
      label: isBonafide ? 1 : 0,
      predicted: (index % 20 === 5) === isBonafide ? 'spoof' : 'bonafide',
      score: ((jump - 60 + (isBonafide ? 40 : 0)) / 8 + 0.01).toFixed(2),
      whole: Math.floor((jump - 60 + (isBonafide ? 40 : 0)) / 2),
      seconds: (1 + ((index * 53) % 97) / 16 + 0.03).toFixed(2),
    }
  })
}

const rows = rowsOf(200)
type Line = (row: Row) => string

describe('columns of score files', () => {
  const folder = scratchFolder()

  async function read(
    line: Line,
    {
      first = '',
      protocol = 'none',
      of = rows,
    }: { first?: string; protocol?: 'none' | 'beside'; of?: readonly Row[] } = {},
  ): Promise<ScoreFile> {
    const [scores, list] = [join(folder(), 'scores.txt'), join(folder(), 'protocol.txt')]
    writeFileSync(scores, first + of.map(row => `${line(row)}\n`).join(''))
    if (protocol === 'none') return readScoreFile(scores)
    writeFileSync(
      list,
      of.map(({ utterance, attack, key }) => `S1 ${utterance} - ${attack} ${key}\n`).join(''),
    )
    return readScoreFile(scores, { protocol: await readProtocol(list) })
  }

  async function expectRefusal(message: RegExp, ...reading: Parameters<typeof read>): Promise<void> {
    const error: unknown = await read(...reading).then(
      ({ layout }) => `read as ${layout.columns.join(' ')}`,
      (reason: unknown) => reason,
    )
    expect(error, String(error)).to.be.instanceOf(DatasetError).with.property('code', 'SCORES_INVALID')
    expect((error as DatasetError).message, String(error)).to.match(message)
  }

  async function expectColumns(columns: string, ...reading: Parameters<typeof read>): Promise<void> {
    const { trials, layout } = await read(...reading)
    expect(layout.columns.join(' ')).to.equal(columns)
    const [, { of = rows } = {}] = reading
    expect(trials.map(({ key }) => key)).to.deep.equal(of.map(({ key }) => key))
  }

  describe('with two columns of keys, of which one is a prediction', () => {
    const labelFirst: Line = ({ utterance, key, predicted, score }) =>
      `${utterance} ${key} ${predicted} ${score}`
    const labelLast: Line = ({ utterance, key, predicted, score }) =>
      `${utterance} ${predicted} ${key} ${score}`

    it('are refused with the columns that look alike, where nothing says which is the key', async () => {
      for (const line of [labelFirst, labelLast]) {
        await expectRefusal(/:1: columns 2 and 3 look alike.*name .*"key".*--protocol/, line)
      }
    })

    it('are read by the names in the first line', async () => {
      const columns = 'utterance key other score'
      await expectColumns(columns, labelFirst, { first: 'utt label prediction score\n' })
      await expectColumns(columns, labelFirst, { first: 'utt key system_says score\n' })
      await expectColumns(columns, labelFirst, { first: 'utt something predicted_label score\n' })
      await expectColumns('utterance other key score', labelLast, { first: 'utt pred target score\n' })
      await expectColumns('utterance other key score', labelLast, { first: 'utt predKey trueKey score\n' })
    })

    it('are not read by names that say nothing', async () => {
      await expectRefusal(/:1: columns 2 and 3 look alike/, labelFirst, { first: 'utt one two score\n' })
      await expectRefusal(/:1: columns 2 and 3 look alike/, labelFirst, { first: 'utt key label score\n' })
    })

    it('are read by what the protocol says', async () => {
      await expectColumns('utterance key other score', labelFirst, { protocol: 'beside' })
      await expectColumns('utterance other key score', labelLast, { protocol: 'beside' })
    })

    it('are read by the sources', async () => {
      for (const name of [(attack: string) => attack, (attack: string) => attack.replace('A', 'vocoder')]) {
        await expectColumns(
          'utterance source key other score',
          ({ utterance, attack, key, predicted, score }) =>
            `${utterance} ${name(attack)} ${key} ${predicted} ${score}`,
        )
        await expectColumns(
          'other key score source utterance',
          ({ utterance, attack, key, predicted, score }) =>
            `${predicted} ${key} ${score} ${name(attack)} ${utterance}`,
        )
      }
    })

    it('are refused where they differ for the first time, when the first rows do not say', async () => {
      const many = rowsOf(9000)
      const line: Line = ({ index, utterance, key, predicted, score }) =>
        `${utterance} ${key} ${index < 8500 ? key : predicted} ${score}`
      // 8505 is the first of those whose prediction is wrong.
      await expectRefusal(/:8506: column 2 says "spoof" and column 3 "bonafide".*--protocol/, line, {
        of: many,
      })
      await expectColumns('utterance other other score', line, { of: many, protocol: 'beside' })
    })

    it('are seen to differ where the classes take turns, however many rows there are', async () => {
      const line: Line = ({ utterance, key, predicted, score }) => `${utterance} ${key} ${predicted} ${score}`
      await expectRefusal(/:1: columns 2 and 3 look alike/, line, { of: rowsOf(8192) })
    })

    it('are read where both always say the same', async () => {
      await expectColumns(
        'utterance other key score',
        ({ utterance, key, score }) => `${utterance} ${key} ${key} ${score}`,
      )
    })

    it('are refused when the only one is called a prediction, unless a protocol says the truth', async () => {
      const line: Line = ({ utterance, predicted, score }) => `${utterance},${predicted},${score}`
      const first = 'utt,prediction,score\n'
      await expectRefusal(/nothing that says which utterances are bona fide/, line, { first })
      await expectColumns('utterance other score', line, { first, protocol: 'beside' })
    })
  })

  describe('with scores that are no plain numbers', () => {
    /** Spoilt scores beside one column of whole numbers, which must not be taken instead. */
    const spoilt: readonly (readonly [string, Line, RegExp])[] = [
      [
        'tensors beside labels',
        ({ utterance, key, label, score }) => `${utterance} ${key} ${label} tensor(${score})`,
        /column 4, like "tensor\(.*\)", is no number/,
      ],
      [
        'lists of one beside labels',
        ({ utterance, key, label, score }) => `${utterance} ${key} ${label} [${score}]`,
        /column 4, like "\[.*\]", is no number/,
      ],
      [
        'decimal commas beside labels',
        ({ utterance, key, label, score }) => `${utterance} ${key} ${label} ${score.replace('.', ',')}`,
        /column 4, like ".*,.*", is no number/,
      ],
      [
        'per cents beside labels',
        ({ utterance, attack, key, label, score }) => `${utterance} ${attack} ${key} ${label} ${score}%`,
        /column 5, like ".*%", is no number/,
      ],
      [
        'numbers with their unit',
        ({ utterance, key, label, score }) => `${utterance} ${key} ${label} ${score}LLR`,
        /column 4, like ".*LLR", is no number/,
      ],
      [
        'minus signs of typographers',
        ({ utterance, key, label, score }) => `${utterance} ${key} ${label} \u2212${score.replace('-', '')}`,
        /column 4, like "\u2212.*", is no number/,
      ],
      [
        'decimal commas beside speakers',
        ({ index, utterance, attack, key, score }) =>
          `${101 + (index % 17)} ${utterance} ${attack} ${key} ${score.replace('.', ',')}`,
        /column 5, like ".*,.*", is no number/,
      ],
      [
        'whole tensors beside an index',
        ({ index, utterance, key, whole }) => `${index} ${utterance} ${key} tensor(${whole})`,
        /column 4, like "tensor\(.*\)", is no number/,
      ],
      [
        'words in two thirds of the rows beside labels',
        ({ index, utterance, key, label, score }) =>
          `${utterance} ${key} ${label} ${index % 3 === 0 ? score : 'FAILED'}`,
        /column 4, like "FAILED", is no number/,
      ],
      [
        'words in every row beside labels',
        ({ utterance, key, label }) => `${utterance} ${key} ${label} FAILED`,
        /column 4, like "FAILED", is no number/,
      ],
      [
        'words beside durations',
        ({ index, utterance, key, seconds, score }) =>
          `${utterance} ${key} ${seconds} ${index % 3 === 0 ? score : 'FAILED'}`,
        /column 4, like "FAILED", is no number/,
      ],
      [
        'tensors beside durations',
        ({ utterance, key, seconds, score }) => `${utterance} ${key} ${seconds} tensor(${score})`,
        /column 4, like "tensor\(.*\)", is no number/,
      ],
      [
        'tensors beside names in numbers',
        ({ index, key, score }) => `${1000 + ((index * 7919) % 997)} ${key} tensor(${score})`,
        /no column of utterances|is no number/,
      ],
      [
        'decimal commas between commas',
        ({ utterance, key, label, score }) => `${utterance},${key},${label},${score.replace('.', ',')}`,
        /columns 4 and 5 like ".*", which may be a decimal comma/,
      ],
      [
        'decimal commas of probabilities',
        ({ index, utterance, key }) => `${utterance},${key},0,${String((index * 37) % 101).padStart(3, '0')}`,
        /decimal comma/,
      ],
    ]

    for (const [name, line, message] of spoilt) {
      it(`are refused: ${name}`, async () => {
        await expectRefusal(message, line)
      })
    }

    it('are refused in files of one row or a few', async () => {
      for (const of of [rows.slice(0, 1), rows.slice(0, 2), rows.slice(0, 5)]) {
        await expectRefusal(
          /column 4, like "tensor/,
          ({ utterance, key, label, score }) => `${utterance} ${key} ${label} tensor(${score})`,
          { of },
        )
        await expectRefusal(
          /column 5, like /,
          ({ utterance, attack, key, score }) =>
            `103 ${utterance} ${attack} ${key} ${score.replace('.', ',')}`,
          { of },
        )
      }
    })

    it('are refused beside labels when a protocol says the keys', async () => {
      const line: Line = ({ utterance, label, score }) => `${utterance} ${label} [${score}]`
      await expectRefusal(/column 3, like "\[.*\]", is no number/, line, { protocol: 'beside' })
    })

    it('are refused in their row where the first line calls them scores', async () => {
      const line: Line = ({ utterance, key, label, score }) => `${utterance},${key},${label},tensor(${score})`
      await expectRefusal(/:2: the score "tensor\(.*\)"/, line, { first: 'utt,key,number,score\n' })
    })

    it('are refused where the first line calls the only numbers something else', async () => {
      const line: Line = ({ utterance, key, label }) => `${utterance},${key},${label}`
      for (const name of ['label', 'speaker_id', 'duration', 'index'])
        await expectRefusal(/:1: no column of scores/, line, { first: `utt,key,${name}\n` })
    })
  })

  describe('with scores in whole numbers', () => {
    it('are read, whatever text stands beside them', async () => {
      await expectColumns(
        'utterance key score',
        ({ utterance, key, whole }) => `${utterance} ${key} ${whole}`,
      )
      await expectColumns(
        'other utterance other source key score',
        ({ index, utterance, attack, key, whole }) =>
          `LA_00${index % 67} ${utterance} - ${attack} ${key} ${whole}`,
      )
      await expectColumns(
        'other utterance key score other',
        ({ utterance, key, whole }) =>
          `flac/${utterance}.flac ${utterance} ${key} ${whole} C0${Math.abs(whole) % 5}`,
      )
      await expectColumns(
        'other utterance source key score',
        ({ index, utterance, attack, key, whole }) =>
          `00${10 + (index % 48)} ${utterance} ${attack} ${key} ${whole}`,
      )
    })

    it('are read beside labels', async () => {
      await expectColumns(
        'utterance key other score',
        ({ utterance, key, label, whole }) => `${utterance} ${key} ${label} ${whole}`,
      )
    })

    it('are read in files of a few rows with a speaker each', async () => {
      await expectColumns(
        'other utterance source key score',
        ({ index, utterance, attack, key, whole }) =>
          `LA_${1000 + index} ${utterance} ${attack} ${key} ${whole}`,
        { of: rows.slice(0, 4) },
      )
    })

    it('may be two values', async () => {
      await expectColumns(
        'utterance key score',
        ({ utterance, key, label }) => `${utterance} ${key} ${label}`,
      )
    })
  })

  describe('with several columns of numbers', () => {
    it('are read by the names in the first line, not by fractions', async () => {
      for (const name of [
        'score',
        'cm-score',
        'llr',
        'logit',
        'prob',
        'spoof_score',
        'spoofProb',
        'log_likelihood_ratio',
      ]) {
        await expectColumns(
          'utterance key other score',
          ({ utterance, key, seconds, whole }) => `${utterance},${key},${seconds},${whole}`,
          { first: `utt,key,duration,${name}\n` },
        )
      }
    })

    it('take the column called score before one called so in part', async () => {
      const line: Line = ({ utterance, key, seconds, whole }) => `${utterance},${key},${seconds},${whole}`
      await expectColumns('utterance key other score', line, { first: 'utt,key,asv_score,score\n' })
      await expectColumns('utterance key score other', line, { first: 'utt,key,cm_score,spoof_prob\n' })
    })

    it('are refused where two are called scores', async () => {
      const line: Line = ({ utterance, key, seconds, whole }) => `${utterance},${key},${seconds},${whole}`
      await expectRefusal(/several columns of scores/, line, {
        first: 'utt,key,spoof_score,bonafide_score\n',
      })
    })

    it('leave out durations and the like by their names', async () => {
      await expectColumns(
        'other utterance key other score',
        ({ index, utterance, key, seconds, whole }) => `${index},${utterance},${key},${seconds},${whole}`,
        { first: ',file,label,duration,x\n' },
      )
    })

    it('are refused when whole numbers beside fractions could be the scores', async () => {
      const refusal = /several columns of numbers.*name it "score"/
      await expectRefusal(
        refusal,
        ({ utterance, key, seconds, whole }) => `${utterance} ${key} ${seconds} ${whole}`,
      )
      // Per cents: not negative.
      for (const of of [rows, rowsOf(4000)]) {
        await expectRefusal(
          refusal,
          ({ utterance, key, seconds, whole }) => `${utterance} ${key} ${whole + 40} ${seconds}`,
          { of },
        )
      }
      // Sorted, as an index is.
      const sorted = rows.slice(0, 12).map((row, index) => ({
        ...row,
        whole: index * index,
        key: index > 6 ? ('bonafide' as const) : ('spoof' as const),
      }))
      await expectRefusal(
        refusal,
        ({ utterance, key, seconds, whole }) => `${utterance} ${key} ${seconds} ${whole}`,
        { of: sorted },
      )
    })

    it('have their scores in the one with fractions beside labels, constants, indices and speakers', async () => {
      const others: readonly Line[] = [
        ({ label }) => `${label}`,
        ({ label }) => `${2 - label}`,
        () => '16000',
        ({ index }) => `${index}`,
        ({ index }) => `${index * 10 + (index % 3)}`,
        ({ index }) => `${101 + ((index * 5) % 48)}`,
        ({ attack }) => (attack === '-' ? '0' : attack.slice(1)),
        ({ attack }) => (attack === '-' ? '0' : String(Number(attack.slice(1)))),
        // Numbers of rows in another order, as after shuffling.
        ({ index }) => `${(index * 7919) % 100_003}`,
      ]
      for (const other of others) {
        await expectColumns(
          'other utterance key score',
          row => `${other(row)} ${row.utterance} ${row.key} ${row.score}`,
          { of: rowsOf(1500) },
        )
      }
    })

    it('have their scores in the one with fractions where the names are numbers', async () => {
      const line: Line = ({ index, key, score }) => `${1000 + ((index * 7919) % 997)} ${key} ${score}`
      await expectColumns('utterance key score', line)
    })

    it('are refused when only labels and constants are among them', async () => {
      await expectRefusal(
        /several columns of numbers/,
        ({ utterance, key, label }) => `${utterance} ${key} ${label} 7`,
      )
    })
  })

  describe('of lists that are nearly all spoofs', () => {
    it('are told from speakers, genders and codecs by the bona fide rows', async () => {
      for (const every of [20, 50, 200]) {
        const of = rowsOf(2000, every)
        const gender: Line = ({ index }) => 'MF'[index % 2]!
        await expectColumns(
          'utterance other key score',
          row => `${row.utterance} ${gender(row)} ${row.key} ${row.score}`,
          { of },
        )
        await expectColumns(
          'other utterance other key score',
          row => `LA_00${row.index % 48} ${row.utterance} C0${row.index % 7} ${row.key} ${row.score}`,
          { of },
        )
        await expectColumns('utterance other score', row => `${row.utterance} ${gender(row)} ${row.score}`, {
          of,
          protocol: 'beside',
        })
        await expectColumns(
          'other utterance source key score',
          row =>
            `LA_00${row.index % 48} ${row.utterance} ${row.attack.replace('A', 'vocoder')} ${row.key} ${row.score}`,
          { of },
        )
      }
    })
  })

  describe('with names that are unique only with their folder', () => {
    const line: Line = ({ index, key, score }) => `spk${index >> 2}/00${index % 4}.wav ${key} ${score}`

    it('are read without a protocol', async () => {
      const { trials } = await read(line)
      expect(trials).to.have.length(rows.length)
      expect(trials.slice(0, 5).map(({ utterance }) => utterance)).to.deep.equal([
        '000.wav',
        '001.wav',
        '002.wav',
        '003.wav',
        '000.wav',
      ])
    })

    it('are refused when a path comes a second time, or could be that of a name without folder', async () => {
      await expectRefusal(/:201: utterance spk0\/000\.wav a second time/, line, { of: [...rows, rows[0]!] })
      const bare: Line = row => (row.index === 9 ? line(row).slice(line(row).indexOf('/') + 1) : line(row))
      await expectRefusal(/:10: utterance 001\.wav a second time/, bare)
    })
  })
})
