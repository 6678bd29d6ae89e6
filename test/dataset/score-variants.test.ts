import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { readProtocol, readScoreFile, type Protocol, type TrialScore } from '../../lib/dataset'
import { errorCode } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'
import { protocolText, scoreVariants, shuffled, variantRows } from './score-variants'

const trials: readonly TrialScore[] = variantRows.map(({ utterance, attack, key, score }) => ({
  utterance,
  attack: attack === '-' ? undefined : attack,
  key,
  score: Number(score),
}))
const byUtterance = (scores: readonly TrialScore[]): TrialScore[] =>
  [...scores].sort((a, b) => (a.utterance < b.utterance ? -1 : 1))

describe('score files of every layout', () => {
  const folder = scratchFolder()
  const write = (content: string | Uint8Array, name = 'scores.txt'): string => {
    const path = join(folder(), name)
    writeFileSync(path, content)
    return path
  }
  const protocol = (rows = variantRows): Promise<Protocol> =>
    readProtocol(write(protocolText(rows), 'protocol.txt'))

  for (const variant of scoreVariants) {
    const { name, says, columns, separator, header, gzip } = variant
    const content = variant.write(variantRows)

    it(`${name}: give the trials of the protocol, in its order`, async () => {
      const read = await readScoreFile(write(content), { protocol: await protocol() })
      expect(read.trials).to.deep.equal(trials)
      expect(read.missing).to.deep.equal([])
      expect(read.sha256).to.equal(createHash('sha256').update(content).digest('hex'))
    })

    it(`${name}: tell their columns`, async () => {
      const { layout } = await readScoreFile(write(content), { protocol: await protocol() })
      expect(layout).to.deep.equal({
        columns,
        separator: separator ?? 'blanks',
        header: header ?? false,
        gzip: gzip ?? false,
      })
    })

    if (says === 'scores') {
      it(`${name}: need a protocol, and say so`, async () => {
        const error: unknown = await readScoreFile(write(content)).catch((reason: unknown) => reason)
        expect(errorCode(error)).to.equal('SCORES_INVALID')
        expect(String(error)).to.match(/scores\.txt:[12]: nothing that says .*--protocol/)
      })
    } else {
      it(`${name}: speak for themselves`, async () => {
        const read = await readScoreFile(write(content))
        const expected = says === 'attacks' ? trials : trials.map(trial => ({ ...trial, attack: undefined }))
        expect(byUtterance(read.trials)).to.deep.equal(expected)
        expect(read.layout.columns).to.deep.equal(columns)
      })
    }
  }

  it('without a protocol keep the order of the file', async () => {
    const { trials: read } = await readScoreFile(write(scoreVariants[1]!.write(variantRows)))
    expect(read.map(({ utterance }) => utterance)).to.deep.equal(
      shuffled(variantRows).map(({ utterance }) => utterance),
    )
  })

  it('that lack some trials of the protocol tell which, and where it goes on', async () => {
    const rest = variantRows.filter((_, index) => index !== 1 && index !== 6)
    const { trials: read, missing } = await readScoreFile(write(scoreVariants[0]!.write(rest)), {
      protocol: await protocol(),
    })
    expect(read).to.deep.equal(trials.filter((_, index) => index !== 1 && index !== 6))
    expect(missing.map(({ utterance, speaker }) => [utterance, speaker])).to.deep.equal([
      ['LA_E_1000002', 'LA_0039'],
      ['LA_E_1000007', 'LA_0014'],
    ])
  })

  it('join with a protocol that was put together by hand', async () => {
    const { path, sha256, trials: listed } = await protocol()
    const read = await readScoreFile(write(scoreVariants[0]!.write(variantRows)), {
      protocol: { path, sha256, trials: listed },
    })
    expect(read.trials).to.deep.equal(trials)
  })

  it('with names of attacks of any kind are told apart by the keys', async () => {
    const rows = variantRows.map(row => ({
      ...row,
      attack: { '-': '-', A07: 'griffin-lim', A19: 'aa' }[row.attack]!,
    }))
    for (const { says, write: writeRows } of [scoreVariants[0]!, scoreVariants[4]!]) {
      expect(says).to.equal('attacks')
      const { trials: read } = await readScoreFile(write(writeRows(rows)))
      expect(new Set(read.map(({ attack }) => attack))).to.deep.equal(
        new Set([undefined, 'griffin-lim', 'aa']),
      )
    }
  })

  it('that are sorted by class are told apart although the first thousands of rows are of one class', async () => {
    const many = Array.from({ length: 9000 }, (_, index) => {
      const key = index < 7355 ? ('bonafide' as const) : ('spoof' as const)
      const attack = key === 'spoof' ? 'A08' : '-'
      return {
        speaker: `LA_${index % 67}`,
        utterance: `LA_E_${index + 1e6}`,
        attack,
        key,
        score: `${index}.5`,
      }
    })
    for (const rows of [many, [...many].reverse()]) {
      for (const variant of [scoreVariants[0]!, scoreVariants[4]!, scoreVariants[10]!]) {
        const { trials: read, layout } = await readScoreFile(write(variant.write(rows)))
        expect(layout.columns, variant.name).to.deep.equal(variant.columns)
        expect(read.filter(({ attack }) => attack === 'A08')).to.have.length(1645)
      }
    }
  })

  it('with attacks told by the protocol may leave them out, or name them otherwise in letter case', async () => {
    const text = variantRows.map(
      ({ utterance, attack, key, score }) => `${utterance} ${attack.toLowerCase()} ${key} ${score}\n`,
    )
    const { trials: read } = await readScoreFile(write(text.join('')), { protocol: await protocol() })
    expect(read).to.deep.equal(trials)
  })
})

describe('protocols of every layout', () => {
  const folder = scratchFolder()
  const write = (content: string | Uint8Array): string => {
    const path = join(folder(), 'protocol.txt')
    writeFileSync(path, content)
    return path
  }

  it('may be gzip', async () => {
    const text = protocolText(variantRows)
    const plain = await readProtocol(write(text))
    const packed = await readProtocol(write(gzipSync(text)))
    expect(packed.trials).to.deep.equal(plain.trials)
    expect(packed.sha256).to.equal(createHash('sha256').update(gzipSync(text)).digest('hex'))
  })

  it('may have the ten columns of ASVspoof 5', async () => {
    const { trials: read } = await readProtocol(
      write(
        'D_4461 D_0000000169 F - - - AC1 A14 spoof -\nD_0461 D_0000000190 M - - - - bonafide bonafide -\n',
      ),
    )
    expect(read).to.deep.equal([
      { speaker: 'D_4461', utterance: 'D_0000000169', attack: 'A14', key: 'spoof' },
      { speaker: 'D_0461', utterance: 'D_0000000190', attack: undefined, key: 'bonafide' },
    ])
  })

  it('are held to the layout of their first line', async () => {
    const text = 'D_4461 D_0000000169 F - - - AC1 A14 spoof -\nLA_0039 LA_E_2 - A11 spoof\n'
    const error: unknown = await readProtocol(write(text)).catch((reason: unknown) => reason)
    expect(errorCode(error)).to.equal('PROTOCOL_INVALID')
    expect(String(error)).to.match(/:2: 5 columns; expected 10/)
  })
})
