import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { demoLines, writeCorpus } from '../scoring/support'
import { evalArguments, filesInIfThere, scoresIn as scoresOf } from './kills'
import { aasist, expectFailure, expectSuccess, scratchFolder, startAasist } from './support'

describe('aasist eval, ended from outside and started again', () => {
  const folder = scratchFolder()
  const evalTo = (out: string): string[] => evalArguments(folder(), out)
  const scoresIn = (out: string): string => scoresOf(folder(), out)

  it('refuses a second process in the same folder, and the first goes on', async () => {
    writeCorpus(join(folder(), 'LA'), demoLines(300))
    const first = startAasist(evalTo('shared'))
    while (!filesInIfThere(join(folder(), 'shared')).includes('eval_scores.partial.txt')) await delay(20)
    expectFailure(await aasist(evalTo('shared')), 1, 'OUTPUT_EXISTS')
    expectSuccess(await first.ended)
    expect(scoresIn('shared').trimEnd().split('\n')).to.have.length(300)
  })
})
