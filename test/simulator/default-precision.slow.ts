/** What atc's default precision does to the scores of real clips. */
import { join } from 'node:path'
import { expect } from 'chai'
import { referenceData } from '../support/environment'
import { readJson } from '../support/golden'
import { DefaultPrecision, expectClose } from './default-precision'

describe('a model that atc compiled with its default precision, with all real clips', () => {
  let precision: DefaultPrecision | undefined
  before(function () {
    precision = new DefaultPrecision(this)
  })
  after(() => precision?.remove())

  it('scores the 186 real clips within 0.05 of single precision, with as many errors give or take one', async function () {
    const data = referenceData(this)
    this.timeout(300_000)
    const golden = readJson(data, 'la-eval-golden.json') as {
      utt: string
      key: string
      aasistL: [number, number]
    }[]
    const trials = golden.map(({ utt, key, aasistL }) => ({ utt, key, single: aasistL[1] }))
    expect(trials).to.have.length(186)
    const checkpoint = join(data, 'checkpoints', 'AASIST-L.pth')
    expectClose(trials, await precision!.scoresOf('real', checkpoint, join(data, 'LA')))
  })
})
