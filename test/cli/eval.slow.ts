import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { referenceData } from '../support/environment'
import { readJson } from '../support/golden'
import { aasist, expectSuccess, scratchFolder } from './support'

describe('aasist eval', () => {
  const folder = scratchFolder()
  const out = (): string => join(folder(), 'results')

  it('gives the official AASIST-L scores: all 186 from FLAC on disk, within 1e-3, at most two beyond 1e-4', async function () {
    this.timeout(300_000)
    const reference = referenceData(this)
    const golden = readJson(reference, 'la-eval-golden.json') as { utt: string; aasistL: [number, number] }[]
    const ended = await aasist(
      [
        ...['eval', '--model', join(reference, 'checkpoints', 'AASIST-L.pth')],
        ...['--config', join(reference, 'checkpoints', 'AASIST-L.conf')],
        ...['--data', join(reference, 'LA'), '--out', out(), '--json'],
      ],
      { timeoutSeconds: 280 },
    )
    expectSuccess(ended)
    const written = new Map(
      readFileSync(join(out(), 'eval_scores.txt'), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => line.split(' '))
        .map(([utterance, , , score]) => [utterance!, Number(score)] as const),
    )
    expect(written.size).to.equal(186)
    const differences = golden.map(({ utt, aasistL }) => Math.abs(written.get(utt)! - aasistL[1]))
    expect(differences).to.have.length(186)
    expect(Math.max(...differences)).to.be.below(1e-3)
    expect(differences.filter(difference => !(difference <= 1e-4)).length).to.be.at.most(2)
    const { missing, asv } = JSON.parse(ended.stdout) as { missing: number; asv: { source: string } }
    expect(missing).to.equal(0)
    expect(asv.source).to.match(/ASVspoof2019\.LA\.asv\.eval\.gi\.trl\.scores\.txt/)
  })
})
