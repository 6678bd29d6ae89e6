/** More of the kills of resume.slow.ts. */
import { killAndGoOn } from './kills'
import { scratchFolder } from './support'

describe('aasist eval, killed again and again', () => {
  const folder = scratchFolder()

  it('goes on after each of 20 kills at random moments, and ends with the bytes of an uninterrupted run', async function () {
    this.timeout(240_000)
    const known = ['manifest.json', 't-DCF_EER.txt', 'metrics.json', 'eval_scores.txt']
    await killAndGoOn(folder(), { clips: 2000, growing: 14, known })
  })
})
