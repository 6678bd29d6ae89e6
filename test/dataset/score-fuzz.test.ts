import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { readAsvScores, readProtocol, readScoreFile, type Protocol } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'
import { protocolText, scoreVariants, variantRows } from './score-variants'

/** What cells of such files are made of, and what nearly is. */
const cell = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...variantRows.map(({ utterance }) => utterance)) },
  { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...[
        '-',
        'A00',
        'A07',
        'A19',
        'bonafide',
        'spoof',
        'fake',
        'LA_0014',
        '0',
        '1',
        'nan',
        'inf',
        '0x1',
        'Output',
      ],
      ...[
        'score',
        'filename',
        'cm-score',
        '"',
        '',
        '__proto__',
        'constructor',
        '.flac',
        '/',
        '..',
        '\u00a0',
        '1e5',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
)
const separator = fc.constantFrom(' ', '\t', ',', ', ', ';', '  ')
const end = fc.constantFrom('\n', '\r\n', '\n\n', '\r', '')

/** Rows of one width, as most files have, and rows of any. */
const text = fc
  .tuple(
    fc.oneof(
      fc
        .integer({ min: 1, max: 7 })
        .chain(width => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 12 })),
      fc.array(fc.array(cell, { maxLength: 7 }), { maxLength: 12 }),
    ),
    separator,
    end,
  )
  .map(([rows, between, after]) => rows.map(row => row.join(between) + after).join(''))

/** A good file with a piece cut out, replaced or put in. */
const damaged = fc
  .tuple(
    fc.constantFrom(...scoreVariants),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat({ max: 4 }),
    fc.oneof(
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom('', '', '1', 'x', ' ', '\n', ',').map(put => Buffer.from(put)),
    ),
  )
  .map(([variant, place, length, put]) => {
    const bytes = Buffer.from(variant.write(variantRows))
    const start = Math.floor(place * bytes.length)
    return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + length)])
  })

const content: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  text,
  text.map(value => gzipSync(value)),
  { weight: 4, arbitrary: damaged },
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.concat([Buffer.of(0x1f, 0x8b, 8), bytes])),
)

describe('files of scores and protocols with anything in them', () => {
  const folder = scratchFolder()
  const write = (name: string, bytes: string | Uint8Array): string => {
    const path = join(folder(), name)
    writeFileSync(path, bytes)
    return path
  }

  /** What reading gave; undefined when it was refused as it must be. */
  async function outcome<T>(reading: Promise<T>, code: string): Promise<T | undefined> {
    try {
      return await reading
    } catch (error) {
      expect(error).to.be.instanceOf(DatasetError).with.property('code', code)
      return undefined
    }
  }

  it('are read to finite scores of different utterances, or refused with SCORES_INVALID', async function () {
    this.timeout(60_000)
    let read = 0
    const protocol: Protocol = await readProtocol(write('protocol.txt', protocolText(variantRows)))
    await fc.assert(
      fc.asyncProperty(content, fc.boolean(), async (bytes, isJoined) => {
        const path = write('scores.txt', bytes)
        const file = await outcome(readScoreFile(path, isJoined ? { protocol } : {}), 'SCORES_INVALID')
        if (file === undefined) return
        read++
        expect(file.trials).to.have.length.above(0)
        const names = new Set(file.trials.map(({ utterance }) => utterance))
        expect(names.size).to.equal(file.trials.length)
        for (const { score, key, attack, utterance } of file.trials) {
          expect(score).to.satisfy(Number.isFinite)
          expect(key).to.be.oneOf(['bonafide', 'spoof'])
          if (key === 'bonafide') expect(attack).to.equal(undefined)
          expect(utterance)
            .to.not.match(/[/\\\p{Cc}]/u)
            .and.not.equal('')
        }
        if (isJoined) expect(file.trials.length + file.missing.length).to.equal(variantRows.length)
      }),
      { numRuns: 800 },
    )
    // Otherwise this would be a test of refusals alone.
    expect(read).to.be.above(40)
  })

  it('are protocols of different utterances, or refused with PROTOCOL_INVALID', async function () {
    this.timeout(60_000)
    const files = fc.oneof(content, fc.constant(protocolText(variantRows)))
    await fc.assert(
      fc.asyncProperty(files, async bytes => {
        const read = await outcome(readProtocol(write('protocol.txt', bytes)), 'PROTOCOL_INVALID')
        if (read === undefined) return
        expect(new Set(read.trials.map(({ utterance }) => utterance)).size).to.equal(read.trials.length)
      }),
      { numRuns: 500 },
    )
  })

  it('are ASV scores of all three kinds, or refused with SCORES_INVALID', async function () {
    this.timeout(60_000)
    const files = fc.oneof(content, fc.constant('bonafide target 1\nbonafide nontarget 2\nA07 spoof 3\n'))
    await fc.assert(
      fc.asyncProperty(files, async bytes => {
        const read = await outcome(readAsvScores(write('asv.txt', bytes)), 'SCORES_INVALID')
        for (const scores of Object.values(read ?? {}) as Float64Array[]) {
          expect([...scores].every(Number.isFinite)).to.equal(true)
          expect(scores).to.have.length.above(0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
