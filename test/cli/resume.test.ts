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
    const lines = demoLines(2000)
    writeCorpus(join(folder(), 'LA'), lines)
    const out = join(folder(), 'killed')
    const random = pseudoRandom(20_261_122)
    const among = (most: number): number => Math.floor(most * random.next().value)
    const has = (name: string) => () => filesInIfThere(out).includes(name)
    const atOnce = (): boolean => true
    const keptLines = (): number =>
      has('eval_scores.partial.txt')()
        ? readFileSync(join(out, 'eval_scores.partial.txt'), 'latin1').split('\n').length - 1
        : 0
    const growing = (): (() => boolean) => {
      const [before, more] = [keptLines(), 1 + among(120)]
      return () => keptLines() >= before + more
    }
    // Each moment is something that shows in the folder, and some milliseconds more.
    const moments: (() => () => boolean)[] = [
      () => has('manifest.json'),
      () => atOnce,
      ...Array.from({ length: 14 }, () => growing),
      () => atOnce,
      () => has('t-DCF_EER.txt'),
      () => has('metrics.json'),
      () => has('eval_scores.txt'),
    ]
    let grown = 0
    for (const moment of moments) {
      const before = keptLines()
      const isTime = moment()
      const running = startAasist(evalTo('killed'))
      const state = { isOver: false }
      void running.ended.then(() => (state.isOver = true))
      while (!state.isOver && !isTime()) await delay(1)
      await delay(among(isTime === atOnce ? 600 : 30))
      running.kill('SIGKILL')
      const { stderr, signal } = await running.ended
      expect(stderr).to.not.match(/\[[A-Z_]+\]/)
      if (moment === growing) expect(signal).to.equal('SIGKILL')
      if (keptLines() > before) grown += 1
    }
    expect(grown).to.be.at.least(14)
    const last = await aasist(evalTo('killed'))
    expectSuccess(last)
    expect(last.stderr).to.match(/\d+ scores taken over from earlier runs/)
    expectSuccess(await aasist(evalTo('in one go')))
    expect(scoresIn('killed')).to.equal(scoresIn('in one go'))
    const utterances = scoresIn('killed').trimEnd().split('\n')
    expect(utterances.map(line => line.split(' ')[0])).to.deep.equal(lines.map(({ utterance }) => utterance))
    expect(filesIn(out)).to.deep.equal(resultFiles)
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
