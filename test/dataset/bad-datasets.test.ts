import { expect } from 'chai'
import { findAsvScores, openCorpus, readAsvScores } from '../../lib/dataset'
import { DatasetError } from '../../lib/errors'
import { scratchFolder } from '../support/scratch-folder'
import { badDatasets } from './bad-datasets'
import { writeFolder } from './folders'

describe('data folders that must be refused', () => {
  const folder = scratchFolder()

  async function open(dataFolder: string): Promise<void> {
    await openCorpus(dataFolder)
    const asvScores = await findAsvScores(dataFolder)
    if (asvScores !== undefined) await readAsvScores(asvScores.path)
  }

  for (const { name, files, code, message } of badDatasets) {
    it(`refuses ${name} with ${code}`, async () => {
      writeFolder(folder(), files)
      const error: unknown = await open(folder()).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(DatasetError).with.property('code', code)
      expect((error as DatasetError).message).to.match(message)
    })
  }
})
