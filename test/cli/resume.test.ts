import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { demoLines, filesIn, tinyModel, writeCorpus } from '../scoring/support'
import {
  aasist,
  expectFailure,
  expectSuccess,
  program,
  quoted,
  scratchFolder,
  shell,
  startAasist,
} from './support'

const resultFiles = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']

/** The same numbers between 0 and 1 in every run of the test (Lehmer's generator). */
function* pseudoRandom(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

describe('aasist eval, ended from outside and started again', () => {
  const folder = scratchFolder()
  const evalTo = (out: string): string[] => [
    ...['eval', '--model', tinyModel.checkpoint, '--data', join(folder(), 'LA')],
    ...['--out', join(folder(), out), '--sessions', '2'],
  ]
  const scoresIn = (out: string): string => readFileSync(join(folder(), out, 'eval_scores.txt'), 'utf8')

  it('goes on after each of 20 kills at random moments, and ends with the bytes of an uninterrupted run', async function () {
    this.timeout(240_000)
    const lines = demoLines(3000)
    writeCorpus(join(folder(), 'LA'), lines)
    const random = pseudoRandom(20_261_122)
    let kills = 0
    let began = 0
    while (kills < 20) {
      const running = startAasist(evalTo('killed'))
      // Starting takes half a second; a third of the kills hit it, the others what comes after.
      await Promise.race([delay(200 + 1200 * random.next().value), running.ended])
      running.kill('SIGKILL')
      const { signal, stderr } = await running.ended
      expect(stderr).to.not.match(/\[[A-Z_]+\]/)
      if (signal !== 'SIGKILL') break
      kills += 1
      if (/taken over/.test(stderr)) began += 1
    }
    expect(kills, 'kills before everything was scored').to.equal(20)
    expect(began).to.be.at.most(kills)
    const last = await aasist(evalTo('killed'))
    expectSuccess(last)
    expect(last.stderr).to.match(/\d+ scores taken over from earlier runs/)
    expectSuccess(await aasist(evalTo('in one go')))
    expect(scoresIn('killed')).to.equal(scoresIn('in one go'))
    const utterances = scoresIn('killed')
      .trimEnd()
      .split('\n')
      .map(line => line.split(' ')[0])
    expect(utterances).to.deep.equal(lines.map(({ utterance }) => utterance))
    expect(filesIn(join(folder(), 'killed'))).to.deep.equal(resultFiles)
  })

  it('refuses a second process in the same folder, and the first goes on', async () => {
    writeCorpus(join(folder(), 'LA'), demoLines(300))
    const first = startAasist(evalTo('shared'))
    while (!filesInIfThere(join(folder(), 'shared')).includes('eval_scores.partial.txt')) await delay(20)
    expectFailure(await aasist(evalTo('shared')), 1, 'OUTPUT_EXISTS')
    expectSuccess(await first.ended)
    expect(scoresIn('shared').trimEnd().split('\n')).to.have.length(300)
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

function filesInIfThere(folder: string): string[] {
  try {
    return filesIn(folder)
  } catch {
    return []
  }
}
