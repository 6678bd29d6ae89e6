/** Two commands that need the same offline model at the same time. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { tinyModel } from '../scoring/support'
import { demoModel } from '../support/golden'
import { atc, requireSimulator, simulatorSettings } from '../support/native'
import { until, writeProgram } from '../toolchain/stand-ins'
import { aasist, expectSuccess, quoted, scratchFolder, startAasist } from './support'

describe('aasist on an NPU, from a checkpoint, twice at once', () => {
  const folder = scratchFolder()
  let library = ''
  before(function () {
    library = requireSimulator(this)
  })
  const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
  const command = ['score', '--json', '--device', 'npu', '--model', tinyModel.checkpoint, clip]
  const starts = (): string => join(folder(), 'starts')

  /** The simulator's atc, with what `lines` do before it. */
  function environment(lines: readonly string[]): NodeJS.ProcessEnv {
    writeProgram(join(folder(), 'bin', 'atc'), [
      `echo $$ >> ${quoted(starts())}`,
      ...lines,
      `exec ${quoted(atc)} "$@"`,
    ])
    const PATH = `${join(folder(), 'bin')}:${process.env['PATH'] ?? ''}`
    const cache = { AASIST_CACHE: join(folder(), 'cache') }
    return { ...simulatorSettings(), ...cache, AASIST_ACL_LIBRARY: library, PATH }
  }
  const started = (): readonly string[] => readFileSync(starts(), 'utf8').trim().split('\n')
  const scoreOf = (text: string): number => (JSON.parse(text) as { score: number }).score

  it('compiles once', async function () {
    this.timeout(60_000)
    const env = environment(['sleep 2'])
    const ended = await Promise.all([command, command].map(args => aasist(args, { env, cwd: folder() })))
    for (const each of ended) expectSuccess(each)
    expect(started()).to.have.length(1)
    expect(scoreOf(ended[0]!.stdout)).to.equal(scoreOf(ended[1]!.stdout))
  })

  it('compiles anew after the one that compiled was killed, with nothing half left', async function () {
    this.timeout(60_000)
    const env = environment([
      `[ -e ${quoted(join(folder(), 'again'))} ] || { touch ${quoted(join(folder(), 'again'))}; sleep 30; }`,
    ])
    const first = startAasist(command, { env, cwd: folder() })
    await until(() => existsSync(starts()), 30_000)
    first.kill('SIGKILL')
    expect((await first.ended).signal).to.equal('SIGKILL')
    const second = await aasist(command, { env, cwd: folder() })
    expectSuccess(second)
    expect(started()).to.have.length(2)
    const listed = await aasist(['cache', 'ls', '--json'], { env, cwd: folder() })
    expect(listed.stdout).to.not.include('incomplete')
    // Of the atc that nobody waits for any more, with what it has started.
    for (const pid of started().map(Number)) {
      try {
        process.kill(-pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
  })
})
