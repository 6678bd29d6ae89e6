import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { offlineModelFor, type CacheEntry } from '../../lib'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { requireSimulatorBuild } from '../simulator/support'
import { root } from '../support/environment'
import { aasist, expectFailure, expectSuccess, scratchFolder, type Ended } from './support'

const add = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')

describe('aasist cache', () => {
  const folder = scratchFolder()
  const cache = (...args: readonly string[]): Promise<Ended> =>
    aasist(['cache', ...args], { env: { AASIST_CACHE: folder() } })
  const made = async (soc: string): Promise<string> => {
    const environment = simulatorEnvironment(findSimulator())
    return (await offlineModelFor(add, { soc, environment, cacheFolder: folder() })).name
  }
  const names = (): string[] => readdirSync(join(folder(), 'entries')).sort()

  it('ls shows an empty cache before there is one', async () => {
    const ended = await cache('ls', '--json')
    expectSuccess(ended)
    expect(ended.stdout).to.equal('[]\n')
    expect(ended.stderr).to.equal(`0 entries, 0 B in ${folder()}\n`)
    expect((await cache('ls')).stdout).to.equal('')
  })

  it('ls shows names, sizes, ages and what the models are', async function () {
    requireSimulatorBuild(this)
    const name = await made('Ascend310P3')
    const { stdout, stderr } = await cache('ls')
    expect(stdout).to.match(/^name +size +made +used +what it is\n/)
    expect(stdout).to.match(new RegExp(`^${name} +\\d.* KiB +now +now +.*add\\.onnx$`, 'm'))
    expect(stderr).to.match(/^1 entry, /)
    const [entry] = JSON.parse((await cache('ls', '--json')).stdout) as CacheEntry[]
    expect(entry).to.include({ name, state: 'ready' })
    expect(entry?.about).to.include({ soc: 'Ascend310P3' })
  })

  it('ls and rm know what a killed run has left', async () => {
    await cache('ls')
    const left = join(folder(), 'entries', 'half-Ascend310P3-0123456789abcdef')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, '.aasist-x.tmp'), 'half')
    expect((await cache('ls')).stdout).to.include('incomplete')
    expectSuccess(await cache('rm', 'half-Ascend310P3-0123456789abcdef'))
    expect(existsSync(left)).to.equal(false)
  })

  it('rm removes by name, by age and everything', async function () {
    requireSimulatorBuild(this)
    const [first, second, third] = [
      await made('Ascend310P1'),
      await made('Ascend310P3'),
      await made('Ascend910B3'),
    ]
    const ended = await cache('rm', first, '--json')
    expectSuccess(ended)
    expect(JSON.parse(ended.stdout)).to.deep.equal({ removed: [first], busy: [] })
    expect(names()).to.deep.equal([second, third].sort())
    const longAgo = new Date(Date.now() - 3 * 24 * 3_600_000)
    utimesSync(join(folder(), 'entries', second, 'entry.json'), longAgo, longAgo)
    expectSuccess(await cache('rm', '--older-than', '4d'))
    expect(names()).to.have.length(2)
    expectSuccess(await cache('rm', '--older-than', '2d'))
    expect(names()).to.deep.equal([third])
    expect((await cache('rm', '--all')).stderr).to.match(/^1 entry removed/)
    expect(names()).to.deep.equal([])
  })

  for (const [what, args, says] of [
    ['no command', [], /cache/],
    ['rm without saying what', ['rm'], /--all/],
    ['rm of two things at once', ['rm', 'x', '--all'], /--all/],
    ['rm of a name that is not there', ['rm', '../..'], /cache ls/],
    ['an age in words', ['rm', '--older-than', 'old'], /30d/],
    ['ls of something', ['ls', 'x'], /too many/],
  ] as const) {
    it(`answers ${what} with exit code 2`, async () => {
      const ended = await cache(...args)
      expect(ended.status, ended.stderr).to.equal(2)
      expect(ended.stderr).to.match(says)
    })
  }

  it('says which folder cannot be used', async () => {
    writeFileSync(join(folder(), 'file'), '')
    const ended = await aasist(['cache', 'ls'], { env: { AASIST_CACHE: join(folder(), 'file') } })
    expectFailure(ended, 1, 'OUTPUT_UNWRITABLE')
    expect(ended.stderr).to.include('AASIST_CACHE')
  })
})
