/** docs/npu.md as a program: its blocks for the simulator, run one after the other in one shell. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { expectSuccess, program, quoted, Running, type Ended } from './support'

const mark = '# on the simulator\n'

export const guideText = readFileSync(join(root, 'docs', 'npu.md'), 'utf8')

/** Shell blocks of a page. */
function blocks(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
}

export const simulatorBlocks = blocks(guideText).filter(block => block.startsWith(mark))

export interface GuideInputs {
  readonly checkpoint: string
  readonly config: string
  /** The folder that is called LA in the page. */
  readonly data: string
  readonly environment: NodeJS.ProcessEnv
  readonly timeoutSeconds: number
}

/** In `folder`, which then holds all results. A command that fails ends it, and fails the test. */
export async function runBlocks(
  folder: string,
  chosen: readonly string[],
  inputs: GuideInputs,
): Promise<Ended> {
  symlinkSync(inputs.checkpoint, join(folder, 'AASIST-L.pth'))
  symlinkSync(inputs.config, join(folder, 'AASIST-L.conf'))
  symlinkSync(inputs.data, join(folder, 'LA'))
  const script = join(folder, 'guide.sh')
  const node = `${quoted(process.execPath)} ${quoted(program)}`
  const npx = `npx() { [ "$1 $2" = "--no-install aasist" ] || return 127; shift 2; ${node} "$@"; }`
  writeFileSync(script, ['set -e', npx, ...chosen].join('\n'))
  const { environment, timeoutSeconds } = inputs
  const env = { ...environment, AASIST_CACHE: join(folder, 'cache'), AASIST_ACL_LIBRARY: '' }
  const ended = await new Running('bash', [script], { cwd: folder, env, timeoutSeconds }).ended
  expectSuccess(ended)
  return ended
}

const protocolFolder = 'ASVspoof2019_LA_cm_protocols'
const protocol = join(protocolFolder, 'ASVspoof2019.LA.cm.eval.trl.txt')

/** A corpus of every `nth` clip of another one; gives its folder. */
export function thinnedCorpus(corpus: string, folder: string, nth: number): string {
  const lines = readFileSync(join(corpus, protocol), 'utf8').trimEnd().split('\n')
  mkdirSync(join(folder, protocolFolder), { recursive: true })
  const chosen = lines.filter((_, index) => index % nth === 0)
  writeFileSync(join(folder, protocol), `${chosen.join('\n')}\n`)
  const clips = join('ASVspoof2019_LA_eval', 'flac')
  mkdirSync(join(folder, clips), { recursive: true })
  for (const line of chosen) {
    const clip = join(clips, `${line.split(' ')[1]!}.flac`)
    symlinkSync(join(corpus, clip), join(folder, clip))
  }
  return folder
}

export interface GuideMetrics {
  readonly eer: number | null
  readonly minTdcf: number | null
}

export function guideMetrics(folder: string, results: string): GuideMetrics {
  const { eer, minTdcf } = JSON.parse(
    readFileSync(join(folder, results, 'metrics.json'), 'utf8'),
  ) as GuideMetrics
  return { eer, minTdcf }
}

/** Utterance → score. */
export function guideScores(folder: string, results: string): ReadonlyMap<string, number> {
  const lines = readFileSync(join(folder, results, 'eval_scores.txt'), 'utf8')
    .trimEnd()
    .split('\n')
  return new Map(lines.map(line => [line.split(' ')[0]!, Number(line.split(' ').at(-1))]))
}

export function expectClose(
  found: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
  within: number,
): void {
  expect([...found.keys()].sort()).to.deep.equal([...expected.keys()].sort())
  for (const [utterance, score] of expected)
    expect(found.get(utterance), utterance).to.be.closeTo(score, within)
}

/** A thousand runs of 6.08 ms each, which the simulator is told to wait: not shorter, and the figures follow from each other. */
export function expectBenchmark(stdout: string): void {
  const [, min, mean] =
    /^\[INFO\] NPU_compute_time \(ms\): min = ([\d.]+), .* mean = ([\d.]+),/m.exec(stdout) ?? []
  expect(Number(min)).to.be.at.least(6.08)
  const [, of, throughput] =
    /^\[INFO\] throughput .*\.mean\(1\).*\.mean\(([\d.]+)\): ([\d.]+)$/m.exec(stdout) ?? []
  expect(of).to.equal(mean)
  expect(Number(throughput)).to.be.closeTo(1000 / Number(mean), 1e-9)
}
