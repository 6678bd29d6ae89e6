import { spawn, type ChildProcess } from 'node:child_process'
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  cacheFolder,
  compileModel,
  convertCheckpoint,
  listCache,
  offlineModelFor,
  removeFromCache,
  type OfflineModel,
  type OfflineModelOptions,
} from '../../lib'
import { errorCode } from '../../lib/errors'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { tinyModel } from './support'
import { requireSimulatorBuild } from '../simulator/support'
import { root } from '../support/environment'
import { failureOf } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'
import { until, writeProgram } from '../toolchain/stand-ins'

const soc = 'Ascend310P3'
const openBatch = join(root, 'test', 'fixtures', 'onnx', 'dynamic-batch.onnx')
const add = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')

describe('toolchain: offlineModelFor', () => {
  const folder = scratchFolder()
  let environment: NodeJS.ProcessEnv = {}
  let simulatorAtc = ''
  const children: ChildProcess[] = []
  before(function () {
    simulatorAtc = requireSimulatorBuild(this).atc
    environment = simulatorEnvironment(findSimulator())
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  const cache = () => join(folder(), 'cache')
  const entries = () => {
    const models = join(cache(), 'entries')
    return existsSync(models) ? readdirSync(models) : []
  }
  /** The simulator's atc, which first writes a line into a file; `lines` come in between. */
  const countingAtc = (lines: readonly string[] = []) =>
    writeProgram(join(folder(), 'bin', 'atc'), [
      `echo start >> '${join(folder(), 'starts')}'`,
      ...lines,
      `exec '${simulatorAtc}' "$@"`,
    ])
  const starts = (): number =>
    existsSync(join(folder(), 'starts'))
      ? readFileSync(join(folder(), 'starts'), 'utf8').trim().split('\n').length
      : 0
  const make = (source: string, options: OfflineModelOptions = {}): Promise<OfflineModel> =>
    offlineModelFor(source, {
      ...{ soc, environment, cacheFolder: cache(), atc: options.atc ?? countingAtc() },
      ...options,
    })
  const makeInChild = (source: string, atc: string): { child: ChildProcess; ended: Promise<string> } => {
    const script = join(root, 'test', 'toolchain', 'offline-model-child.ts')
    const child = spawn(process.execPath, ['--require', 'tsx', script, source, cache(), atc], {
      cwd: root,
      // What a killed process leaves there goes with this test.
      env: { ...environment, TMPDIR: folder() },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    return { child, ended: new Promise(resolve => child.on('close', () => resolve(output))) }
  }

  it('converts and compiles a checkpoint once, as the two steps would', async () => {
    const first = await make(tinyModel.checkpoint)
    const second = await make(tinyModel.checkpoint)
    expect(starts()).to.equal(1)
    expect([first.origin, second.origin]).to.deep.equal(['made', 'cache'])
    expect({ ...second, origin: 'made' }).to.deep.equal(first)
    expect(first.path.startsWith(cache())).to.equal(true)
    expect(first.conversion).to.deep.equal({ batch: 1, target: 'plain' })
    const onnx = convertCheckpoint(readFileSync(tinyModel.checkpoint), readFileSync(tinyModel.config))
    const apart = await compileModel(onnx, { soc, environment, out: join(folder(), 'model.om') })
    expect(second.sha256).to.equal(apart.sha256)
    expect(readFileSync(second.path).equals(readFileSync(apart.path))).to.equal(true)
  })

  it('keeps ONNX models as well, with gears', async () => {
    const { name, path } = await make(openBatch, { batch: [1, 2] })
    expect(name).to.match(/^dynamic-batch-Ascend310P3-[0-9a-f]{16}$/)
    expect(readdirSync(join(path, '..')).sort()).to.deep.equal(['entry.json', 'model.om', 'model.om.json'])
  })

  it('makes another one for everything that changes the result', async () => {
    const keep = join(folder(), 'keep.cfg')
    writeFileSync(keep, 'a')
    const names = [(await make(openBatch, { batch: [1] })).name]
    const other = async (options: OfflineModelOptions): Promise<void> => {
      const { name, origin } = await make(openBatch, { batch: [1], ...options })
      expect(origin, JSON.stringify(options)).to.equal('made')
      names.push(name)
    }
    await other({ batch: [2] })
    await other({ soc: 'Ascend310P1' })
    await other({ precisionModeV2: 'origin' })
    await other({ atcOptions: { deterministic: '1' } })
    await other({ environment: { ...environment, ACL_SIM_PRECISION: 'origin' } })
    await other({ keepDtype: keep })
    writeFileSync(keep, 'b')
    await other({ keepDtype: keep })
    await other({ atc: countingAtc(['# another release']) })
    expect(new Set(names).size).to.equal(names.length)
    expect(entries()).to.have.members(names)
  })

  it('makes another one of a checkpoint for another batch, target or configuration', async () => {
    const config = join(folder(), 'other.conf')
    writeFileSync(config, `${readFileSync(tinyModel.config, 'utf8')}\n`)
    for (const options of [{}, { batch: [2] }, { target: 'cpu' }, { config }] as const) {
      expect((await make(tinyModel.checkpoint, options)).origin, JSON.stringify(options)).to.equal('made')
    }
  })

  it('does not care where the model is, what is logged, or in which order options come', async () => {
    const moved = join(folder(), 'dynamic-batch.onnx')
    writeFileSync(moved, readFileSync(openBatch))
    await make(openBatch, { batch: [1], atcOptions: { deterministic: '1', oo_level: 'O3' } })
    const again = await make(moved, {
      ...{ batch: [1], logLevel: 'info', atcOptions: { oo_level: 'O3', deterministic: '1' } },
    })
    expect(again.origin).to.equal('cache')
  })

  const damages: Readonly<Record<string, (entry: string) => void>> = {
    'a changed byte in the model': entry => {
      const bytes = readFileSync(join(entry, 'model.om'))
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
      writeFileSync(join(entry, 'model.om'), bytes)
    },
    'a cut model': entry => truncateSync(join(entry, 'model.om'), 100),
    'a description that is cut': entry => truncateSync(join(entry, 'entry.json'), 40),
    'a description of something else': entry => writeFileSync(join(entry, 'entry.json'), '{"format": 1}'),
  }
  for (const [what, damage] of Object.entries(damages)) {
    it(`makes an entry with ${what} anew`, async () => {
      const first = await make(add)
      damage(join(first.path, '..'))
      expect(await make(add)).to.deep.equal(first)
      expect((await make(add)).origin).to.equal('cache')
      expect(starts()).to.equal(2)
    })
  }

  it('compiles once for many who ask at the same time', async () => {
    const atc = countingAtc(['sleep 0.5'])
    const models = await Promise.all(Array.from({ length: 6 }, () => make(add, { atc })))
    expect(starts()).to.equal(1)
    expect(models.filter(({ origin }) => origin === 'made')).to.have.length(1)
    expect(new Set(models.map(({ sha256 }) => sha256)).size).to.equal(1)
  })

  it('compiles once for two processes', async function () {
    this.timeout(60_000)
    const atc = countingAtc(['sleep 2'])
    const ended = await Promise.all([makeInChild(add, atc).ended, makeInChild(add, atc).ended])
    const models = ended.map(text => JSON.parse(text) as OfflineModel)
    expect(starts()).to.equal(1)
    expect(models.map(({ origin }) => origin).sort()).to.deep.equal(['cache', 'made'])
    expect(models[0]!.path).to.equal(models[1]!.path)
  })

  it('takes over from a process that was killed in the middle, and tells a waiting one', async function () {
    this.timeout(60_000)
    const { child, ended } = makeInChild(add, countingAtc(['sleep 5']))
    await until(() => starts() === 1, 30_000)
    expect((await listCache(cache())).map(({ state }) => state)).to.deep.equal(['incomplete'])
    let waited = 0
    // The same file, so that the same model is meant.
    const atc = join(folder(), 'bin', 'atc')
    const waiting = make(add, { atc, onWaiting: () => waited++ })
    await until(() => waited === 1, 30_000)
    child.kill('SIGKILL')
    await ended
    expect((await waiting).origin).to.equal('made')
    expect(starts()).to.equal(2)
  })

  it('stops waiting on an abort, and leaves the other at work', async () => {
    const atc = countingAtc(['sleep 1'])
    const first = make(add, { atc })
    await until(() => starts() === 1)
    const controller = new AbortController()
    const reason = new Error('enough')
    const second = failureOf(
      make(add, { atc, signal: controller.signal, onWaiting: () => controller.abort(reason) }),
    )
    expect(await second).to.equal(reason)
    expect((await first).origin).to.equal('made')
  })

  it('leaves nothing of one that is aborted or fails, and tries again', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const aborted = failureOf(make(add, { atc: countingAtc(['sleep 30']), signal: controller.signal }))
    await until(() => starts() === 1)
    controller.abort(reason)
    expect(await aborted).to.equal(reason)
    expect(entries()).to.deep.equal([])
    expect(errorCode(await failureOf(make(add, { atc: countingAtc(['exit 1']) })))).to.equal('ATC_FAILED')
    expect(entries()).to.deep.equal([])
    expect((await make(add)).origin).to.equal('made')
    expect(starts()).to.equal(3)
  })

  it('refuses a cache folder that cannot be one, and gears of a checkpoint', async () => {
    writeFileSync(join(folder(), 'file'), '')
    const inTheWay = await failureOf(make(add, { cacheFolder: join(folder(), 'file') }))
    expect(errorCode(inTheWay)).to.equal('OUTPUT_UNWRITABLE')
    expect((inTheWay as Error).message).to.include('AASIST_CACHE')
    expect(errorCode(await failureOf(make(tinyModel.checkpoint, { batch: [1, 2] })))).to.equal(
      'INVALID_ARGUMENT',
    )
    expect(errorCode(await failureOf(make(add, { chip: 1 } as object)))).to.equal('UNKNOWN_OPTION')
  })

  it('is listed with size, ages and what it is, and removed by name, age or altogether', async () => {
    const [first, second] = [await make(add), await make(openBatch, { batch: [1] })]
    const listed = await listCache(cache())
    expect(listed.map(({ name }) => name)).to.deep.equal([first.name, second.name].sort())
    const ofFirst = listed.find(({ name }) => name === first.name)!
    expect(ofFirst).to.include({ state: 'ready', path: join(first.path, '..') })
    expect(ofFirst.bytes).to.be.above(statSync(first.path).size)
    expect(ofFirst.about).to.include({ model: add, soc })

    expect(errorCode(await failureOf(removeFromCache({ names: ['../..'] }, cache())))).to.equal(
      'INVALID_ARGUMENT',
    )
    const weekMs = 7 * 24 * 3_600_000
    const longAgo = new Date(Date.now() - 2 * weekMs)
    utimesSync(join(first.path, '..', 'entry.json'), longAgo, longAgo)
    const old = await removeFromCache({ olderThanMs: weekMs }, cache())
    expect(old.removed.map(({ name }) => name)).to.deep.equal([first.name])
    expect(entries()).to.deep.equal([second.name])
    await make(add)
    await removeFromCache({ names: [second.name] }, cache())
    expect(entries()).to.deep.equal([first.name])
    await removeFromCache({ all: true }, cache())
    expect(entries()).to.deep.equal([])
    expect(await listCache(cache())).to.deep.equal([])
  })

  it('is not removed while it is being made', async () => {
    const making = make(add, { atc: countingAtc(['sleep 1.5']) })
    await until(() => starts() === 1)
    const { removed, busy } = await removeFromCache({ all: true }, cache())
    expect([removed.length, busy.length]).to.deep.equal([0, 1])
    expect(existsSync((await making).path)).to.equal(true)
  })

  it('counts as used when it is used', async () => {
    const { path } = await make(add)
    const longAgo = new Date(Date.now() - 3_600_000)
    utimesSync(join(path, '..', 'entry.json'), longAgo, longAgo)
    await make(add)
    const [entry] = await listCache(cache())
    expect(Date.now() - Date.parse(entry!.used!)).to.be.below(60_000)
  })
})

describe('toolchain: the cache folder', () => {
  it('is AASIST_CACHE, or in XDG_CACHE_HOME where that is absolute, or in ~/.cache', () => {
    expect(cacheFolder({ AASIST_CACHE: '/a', XDG_CACHE_HOME: '/x', HOME: '/h' })).to.equal('/a')
    expect(cacheFolder({ XDG_CACHE_HOME: '/x', HOME: '/h' })).to.equal('/x/aasist-ascend')
    expect(cacheFolder({ XDG_CACHE_HOME: 'x', HOME: '/h' })).to.equal('/h/.cache/aasist-ascend')
    expect(cacheFolder({ AASIST_CACHE: '', HOME: '/h' })).to.equal('/h/.cache/aasist-ascend')
  })
  it('is empty before there is one', async () => {
    expect(await listCache('/nowhere/at/all')).to.deep.equal([])
  })
})
