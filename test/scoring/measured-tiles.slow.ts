import { expect } from 'chai'
import { join } from 'node:path'
import { evaluate } from '../../lib'
import { defaultTiles } from '../../lib/model'
import { scratchFolder } from '../support/scratch-folder'
import { cacheIn, speechWav, tinyModel, writeCorpus } from './support'

describe('evaluation: time tiles', () => {
  const folder = scratchFolder()
  cacheIn(() => join(folder(), 'cache'))

  /** Two clips among utterances without a file, which take no time. */
  const corpus = (utterances: number): string =>
    writeCorpus(
      join(folder(), `LA${utterances}`),
      Array.from({ length: utterances }, (_, index) => ({
        utterance: `UTT_${index}`,
        attack: index === 0 ? '-' : 'A07',
        key: index === 0 ? ('bonafide' as const) : ('spoof' as const),
        ...(index < 2 && { audio: speechWav({ seed: index }), ending: '.wav' as const }),
      })),
    )

  async function measured(utterances: number, more: { readonly tiles?: 'default' } = {}): Promise<boolean> {
    const events: string[] = []
    const { metrics } = await evaluate({
      model: tinyModel.checkpoint,
      device: 'cpu',
      sessions: 1,
      data: corpus(utterances),
      out: join(folder(), `results${utterances}`),
      onTiles: ({ kind }) => events.push(kind),
      ...more,
    })
    const wasMeasured = events.includes('measured')
    if (!wasMeasured) expect(metrics.provenance.model.conversion?.tiles).to.deep.equal(defaultTiles)
    return wasMeasured
  }

  it('are measured before lists of a thousand utterances, and not for less', async () => {
    expect(await measured(999)).to.equal(false)
    expect(await measured(1000)).to.equal(true)
  })

  it('are those of every machine where that is asked for, however long the list is', async () => {
    expect(await measured(1000, { tiles: 'default' })).to.equal(false)
  })
})
