/** What atc's default precision does to the demo's scores; all real clips are in default-precision.slow.ts. */
import { root } from '../support/environment'
import { demoModel, readJson } from '../support/golden'
import { DefaultPrecision, expectClose } from './default-precision'

describe('a model that atc compiled with its default precision', () => {
  let precision: DefaultPrecision | undefined
  before(function () {
    precision = new DefaultPrecision(this)
  })
  after(() => precision?.remove())

  it('scores the demo clips within 0.05 of single precision, with the same errors', async function () {
    this.timeout(120_000)
    const golden = readJson(root, 'test', 'fixtures', 'demo', 'golden.json') as {
      utt: string
      key: string
      logits: [number, number]
    }[]
    const trials = golden.map(({ utt, key, logits }) => ({ utt, key, single: logits[1] }))
    expectClose(trials, await precision!.scoresOf('demo', demoModel.checkpoint, demoModel.corpus))
  })
})
