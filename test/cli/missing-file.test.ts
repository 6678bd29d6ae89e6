import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { speechWav, tinyModel } from '../scoring/support'
import { aasist, expectFailure, scratchFolder, type Ended } from './support'

describe('a file that is not there', () => {
  const folder = scratchFolder()
  const run = (...args: readonly string[]): Promise<Ended> => {
    writeFileSync(join(folder(), 'call.wav'), speechWav())
    copyFileSync(tinyModel.checkpoint, join(folder(), 'model.pth'))
    copyFileSync(tinyModel.config, join(folder(), 'model.conf'))
    return aasist([...args], { cwd: folder() })
  }

  const mistyped: readonly [what: string, args: readonly string[], code: string, meant: string][] = [
    ['a clip', ['score', 'cal.wav', '--model', 'model.pth'], 'AUDIO_NOT_FOUND', 'call.wav'],
    ['a model', ['score', 'call.wav', '--model', 'modl.pth'], 'MODEL_NOT_FOUND', 'model.pth'],
    [
      'a configuration',
      ['score', 'call.wav', '--model', 'model.pth', '--config', 'modle.conf'],
      'CONFIG_INVALID',
      'model.conf',
    ],
    ['a score file', ['metrics', '--scores', 'model.cnf'], 'SCORES_INVALID', 'model.conf'],
  ]
  for (const [what, args, code, meant] of mistyped) {
    it(`is told with the one that may have been meant: ${what}`, async () => {
      const ended = await run(...args)
      expectFailure(ended, 1, code)
      expect(ended.stderr).to.match(new RegExp(`^did you mean ${meant.replace('.', '\\.')}\\?$`, 'm'))
    })
  }

  it('is told without one where nothing is named like it, and where there is no folder', async () => {
    for (const scores of ['nothing-like-it.txt', join('no', 'folder', 'model.conf')]) {
      const ended = await run('metrics', '--scores', scores)
      expectFailure(ended, 1, 'SCORES_INVALID')
      expect(ended.stderr).to.not.include('did you mean')
    }
  })
})
