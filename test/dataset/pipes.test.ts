import { expect } from 'chai'
import { join } from 'node:path'
import { findAsvScores, openCorpus, readAsvScores, readProtocol, readScoreFile } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { requireTool } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'
import { makePipe, writeFolder } from './folders'

const usualScores = 'ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt'
const usualProtocol = 'ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt'
const guideProtocol = 'ASVspoof2019_LA_cm_protocols/LA.cm.eval.trl.txt'
const clips = { 'ASVspoof2019_LA_eval/flac/u1.flac': '' }

describe('pipes where files should be, which have nobody writing to them (needs mkfifo)', () => {
  const folder = scratchFolder()
  before(function () {
    requireTool(this, 'mkfifo')
  })

  async function refusalOf(reading: Promise<unknown>): Promise<DatasetError> {
    const error: unknown = await reading.catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(DatasetError)
    return error as DatasetError
  }

  const readers = [
    ['readProtocol', 'PROTOCOL_INVALID', readProtocol],
    ['readScoreFile', 'SCORES_INVALID', readScoreFile],
    ['readAsvScores', 'SCORES_INVALID', readAsvScores],
  ] as const
  for (const [name, code, read] of readers) {
    it(`are refused by ${name} with ${code}`, async () => {
      const path = makePipe(join(folder(), 'pipe'))
      const error = await refusalOf(read(path))
      expect(error).to.have.property('code', code)
      expect(error.message).to.include(path).and.to.include('a pipe or a device')
    })
  }

  it('are refused as the protocol that was asked for, and so are devices', async () => {
    writeFolder(folder(), clips)
    makePipe(join(folder(), 'lists', 'pipe'))
    for (const protocol of [join(folder(), 'lists', 'pipe'), 'lists/pipe', '/dev/zero']) {
      const error = await refusalOf(openCorpus(folder(), { protocol }))
      expect(error).to.have.property('code', 'PROTOCOL_INVALID')
      expect(error.message).to.include('a pipe or a device')
    }
  })

  it('are no protocol of a data folder', async () => {
    writeFolder(folder(), clips)
    makePipe(join(folder(), usualProtocol))
    const error = await refusalOf(openCorpus(folder()))
    expect(error).to.have.property('code', 'DATASET_INVALID')
    expect(error.message).to.include('no protocol found')
    writeFolder(folder(), { [guideProtocol]: 'S1 u1 - - bonafide\n' })
    expect(await openCorpus(folder())).to.include({ protocolPath: join(folder(), guideProtocol) })
  })

  it('are no ASV scores of a data folder', async () => {
    makePipe(join(folder(), usualScores))
    makePipe(join(folder(), 'asv', 'mine.txt'))
    expect(await findAsvScores(folder(), { configuredPath: 'asv/mine.txt' })).to.equal(undefined)
  })
})
