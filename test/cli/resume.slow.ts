import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { demoLines, filesIn, writeCorpus } from '../scoring/support'
import { evalArguments, killAndGoOn, resultFiles, scoresIn as scoresOf } from './kills'
import { aasist, expectFailure, expectSuccess, program, quoted, scratchFolder, shell } from './support'

describe('aasist eval, ended from outside and started again', () => {
  const folder = scratchFolder()
  const evalTo = (out: string): string[] => evalArguments(folder(), out)
  const scoresIn = (out: string): string => scoresOf(folder(), out)

  it('goes on after each of 4 kills at random moments, and ends with the bytes of an uninterrupted run', async function () {
    this.timeout(120_000)
    await killAndGoOn(folder(), { clips: 500, growing: 2, known: ['manifest.json', 'metrics.json'] })
  })

  it('ends with a clear error when a file can grow no more, and goes on when it can', async () => {
    writeCorpus(join(folder(), 'LA'), demoLines(200))
    const command = [process.execPath, program, ...evalTo('small')].map(quoted).join(' ')
    // A limit of 4 kB a file stands in for a full disk, which takes root to make: the write fails half-way through.
    const limited = (): ReturnType<typeof shell> => shell(`trap '' XFSZ; ulimit -f 4; ${command}`)
    const ended = await limited()
    expectFailure(ended, 1, 'OUTPUT_UNWRITABLE')
    expect(ended.stderr).to.match(/the same command goes on from there/)
    const partial = join(folder(), 'small', 'eval_scores.partial.txt')
    expect(statSync(partial).size).to.be.within(3000, 4096)
    expectFailure(await limited(), 1, 'OUTPUT_UNWRITABLE')
    const { stderr } = await aasist(evalTo('small'))
    expect(stderr).to.match(/\d+ scores taken over/)
    expectSuccess(await aasist(evalTo('in one go')))
    expect(scoresIn('small')).to.equal(scoresIn('in one go'))
    expect(filesIn(join(folder(), 'small'))).to.deep.equal(resultFiles)
  })
})
