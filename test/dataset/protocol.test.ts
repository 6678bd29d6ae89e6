import { createHash } from 'node:crypto'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readProtocol } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { referenceData } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'

async function refusalOf(path: string): Promise<DatasetError> {
  const error: unknown = await readProtocol(path).catch((reason: unknown) => reason)
  expect(error).to.be.instanceOf(DatasetError)
  return error as DatasetError
}

describe('readProtocol', () => {
  const folder = scratchFolder()
  const write = (content: string | Uint8Array): string => {
    const path = join(folder(), 'protocol.txt')
    writeFileSync(path, content)
    return path
  }

  it('gives the trials in the order of the file, without attack for bona fide speech', async () => {
    const text = 'LA_0039 LA_E_2 - A11 spoof\nLA_0014 LA_E_1 - - bonafide\n'
    const path = write(text)
    expect(await readProtocol(path)).to.deep.equal({
      path,
      sha256: createHash('sha256').update(text).digest('hex'),
      trials: [
        { speaker: 'LA_0039', utterance: 'LA_E_2', attack: 'A11', key: 'spoof' },
        { speaker: 'LA_0014', utterance: 'LA_E_1', attack: undefined, key: 'bonafide' },
      ],
    })
  })

  it('takes a byte order mark, CRLF, tabs, blank lines and a last line without end', async () => {
    const plain = await readProtocol(write('S1 u1 - - bonafide\nS2 u2 - A07 spoof\n'))
    const dressed = await readProtocol(write('\ufeffS1 u1 - - bonafide\r\n\r\n \t\r\n\tS2  u2\t- A07 spoof '))
    expect(dressed.trials).to.deep.equal(plain.trials)
  })

  it('takes the environment of physical access protocols', async () => {
    const { trials } = await readProtocol(write('PA_0079 PA_E_1 aaa AA spoof\n'))
    expect(trials[0]).to.include({ utterance: 'PA_E_1', attack: 'AA' })
  })

  it('reads lines and characters that straddle the chunks of the file', async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `発話_${index}`)
    const { trials } = await readProtocol(write(names.map(name => `話者 ${name} - A07 spoof\n`).join('')))
    expect(trials.map(trial => trial.utterance)).to.deep.equal(names)
  })

  it('counts blank lines in the line numbers of its errors', async () => {
    const path = write('\nS1 u1 - - bonafide\r\n\r\nS2 u2 - A07 fake\n')
    const error = await refusalOf(path)
    expect(error.code).to.equal('PROTOCOL_INVALID')
    expect(error.message.startsWith(`${path}:4: `)).to.be.true
    expect(error.detail).to.deep.equal({ path, line: 4 })
  })

  it('refuses a path without file, and a folder', async () => {
    const missing = await refusalOf(join(folder(), 'none.txt'))
    expect(missing.code).to.equal('PROTOCOL_INVALID')
    expect(missing.message).to.match(/none\.txt: there is no such file/)
    const itself = await refusalOf(folder())
    expect(itself.code).to.equal('PROTOCOL_INVALID')
    expect(itself.message).to.match(/it is a folder/)
  })

  it('gives up on a file without line ends long before its end', async () => {
    const path = write('')
    // Takes no room on disk; as one line it would be longer than a string can be.
    truncateSync(path, 2 ** 30)
    expect((await refusalOf(path)).code).to.equal('PROTOCOL_INVALID')
  })

  it('reads the whole ASVspoof 2019 LA evaluation list', async function () {
    const { trials } = await readProtocol(join(referenceData(this), 'ASVspoof2019.LA.cm.eval.trl.full.txt'))
    // Counts of the ASVspoof 2019 LA evaluation set.
    expect(trials).to.have.length(71_237)
    expect(trials.filter(trial => trial.key === 'bonafide')).to.have.length(7_355)
    expect(new Set(trials.map(trial => trial.attack)).size).to.equal(14)
  })
})
