/** An evaluation that is killed again and again, and goes on each time. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { demoLines, filesIn, tinyModel, writeCorpus } from '../scoring/support'
import { aasist, expectSuccess, startAasist } from './support'

export const resultFiles = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']

export const evalArguments = (folder: string, out: string): string[] => [
  ...['eval', '--model', tinyModel.checkpoint, '--data', join(folder, 'LA')],
  ...['--out', join(folder, out), '--sessions', '2'],
]

export const scoresIn = (folder: string, out: string): string =>
  readFileSync(join(folder, out, 'eval_scores.txt'), 'utf8')

export function filesInIfThere(folder: string): string[] {
  try {
    return filesIn(folder)
  } catch {
    return []
  }
}

/** The same numbers between 0 and 1 in every run of the test (Lehmer's generator). */
function* pseudoRandom(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

export interface Kills {
  readonly clips: number
  /** How many kills while scores are being written. */
  readonly growing: number
  /** A kill when a file of this name is there, each. */
  readonly known: readonly string[]
}

/** Kills at each of those moments, and expects the bytes of an uninterrupted run in the end. */
export async function killAndGoOn(folder: string, { clips, growing: growths, known }: Kills): Promise<void> {
  const lines = demoLines(clips)
  writeCorpus(join(folder, 'LA'), lines)
  const out = join(folder, 'killed')
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
  const [first, ...others] = known.map(name => () => has(name))
  const middle = Array.from({ length: growths }, () => growing)
  const moments: (() => () => boolean)[] = [first!, () => atOnce, ...middle, () => atOnce, ...others]
  let grown = 0
  for (const moment of moments) {
    const before = keptLines()
    const isTime = moment()
    const running = startAasist(evalArguments(folder, 'killed'))
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
  expect(grown).to.be.at.least(growths)
  const last = await aasist(evalArguments(folder, 'killed'))
  expectSuccess(last)
  expect(last.stderr).to.match(/\d+ scores taken over from earlier runs/)
  expectSuccess(await aasist(evalArguments(folder, 'in one go')))
  expect(scoresIn(folder, 'killed')).to.equal(scoresIn(folder, 'in one go'))
  const utterances = scoresIn(folder, 'killed').trimEnd().split('\n')
  expect(utterances.map(line => line.split(' ')[0])).to.deep.equal(lines.map(({ utterance }) => utterance))
  expect(filesIn(out)).to.deep.equal(resultFiles)
}
