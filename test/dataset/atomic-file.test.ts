import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeFileAtomically } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'

describe('writeFileAtomically', () => {
  const folder = scratchFolder()
  const target = (): string => join(folder(), 'eval_scores.txt')

  it('writes text, bytes and anything that yields text, and nothing beside it', async () => {
    async function* slowly(): AsyncGenerator<string> {
      yield 'one\n'
      await Promise.resolve()
      yield 'zwölf\n'
    }
    for (const content of ['one\nzwölf\n', Buffer.from('one\nzwölf\n'), ['one\n', 'zwölf\n'], slowly()]) {
      await writeFileAtomically(target(), content)
      expect(readFileSync(target(), 'utf8')).to.equal('one\nzwölf\n')
    }
    expect(readdirSync(folder())).to.deep.equal(['eval_scores.txt'])
  })

  it('writes more than one buffer full in order', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`)
    await writeFileAtomically(target(), lines)
    expect(readFileSync(target(), 'utf8')).to.equal(lines.join(''))
  })

  it('shows nothing under the final name before everything is there', async () => {
    const seen: boolean[] = []
    function* watched(): Generator<string> {
      for (let piece = 0; piece < 4; piece++) {
        seen.push(existsSync(target()))
        yield 'x'.repeat(100_000)
      }
    }
    await writeFileAtomically(target(), watched())
    expect(seen).to.deep.equal([false, false, false, false])
    expect(readFileSync(target())).to.have.length(400_000)
  })

  it('keeps the old file, leaves no other, and passes the error on when the source fails', async () => {
    writeFileSync(target(), 'old')
    const failure = new Error('the source broke off')
    function* failing(): Generator<string> {
      yield 'x'.repeat(100_000)
      throw failure
    }
    const error: unknown = await writeFileAtomically(target(), failing()).catch((reason: unknown) => reason)
    expect(error).to.equal(failure)
    expect(readFileSync(target(), 'utf8')).to.equal('old')
    expect(readdirSync(folder())).to.deep.equal(['eval_scores.txt'])
  })

  const unwritable: [string, () => string][] = [
    ['the folder does not exist', () => join(folder(), 'none', 'a.txt')],
    ['a file stands where the folder should be', () => join(folder(), 'file', 'a.txt')],
    ['a folder has the name of the file', () => join(folder(), 'taken')],
  ]
  for (const [why, path] of unwritable) {
    it(`answers OUTPUT_UNWRITABLE when ${why}`, async () => {
      mkdirSync(join(folder(), 'taken'))
      writeFileSync(join(folder(), 'file'), '')
      const error: unknown = await writeFileAtomically(path(), 'text').catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(DatasetError).with.property('code', 'OUTPUT_UNWRITABLE')
      const { message } = error as DatasetError
      expect(message)
        .to.include(path())
        .and.match(/: E[A-Z]+: [a-z ]+; /)
      // The name of the temporary file is nobody's business.
      expect(message).to.not.include('.aasist-')
      expect(readdirSync(folder()).sort()).to.deep.equal(['file', 'taken'])
    })
  }

  it('lets one of several writers at once win whole', async () => {
    const texts = ['a', 'b', 'c', 'd'].map(letter => letter.repeat(200_000))
    await Promise.all(texts.map(text => writeFileAtomically(target(), [text])))
    expect(texts).to.include(readFileSync(target(), 'utf8'))
    expect(readdirSync(folder())).to.deep.equal(['eval_scores.txt'])
  })
})
