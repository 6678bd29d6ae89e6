/** What AscendCL promises, asked by C++ programs: acl-abi and its semantics, one process a statement. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { EndedCase } from '../support/cases'
import { requireTool, root } from '../support/environment'
import { expectClean, expectNoLeaks, reportsIn, type SimulatorReport } from '../support/simulator-report'
import { Client, casesOf } from './clients'
import { makeOfflineModels } from './offline-models'
import { requireSimulatorBuild } from './support'

const programs = [
  'process',
  'memory',
  'streams',
  'models',
  'concurrency',
  'gears',
  'failures',
  'benchmark',
  'exceptions',
  'trouble',
  'graph',
] as const

function expectGood({ status, signal, stderr }: EndedCase): void {
  expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' })
}

describe('C++ programs on the simulator', function () {
  this.timeout(300_000)
  const clients = new Map<string, Client>()
  let folder = ''
  let library = ''

  before(function () {
    requireTool(this, 'g++')
    const { folder: simulator, atc, environment } = requireSimulatorBuild(this)
    library = join(simulator, 'lib')
    folder = mkdtempSync(join(tmpdir(), 'aasist-simulator-'))
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value
    const models = makeOfflineModels(folder, atc)
    for (const program of [...programs, 'every'])
      clients.set(
        program,
        new Client(program, simulator, folder, { ...environment, ...models, SCRATCH: folder }),
      )
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  for (const program of programs)
    describe(program, () => {
      for (const each of casesOf(program)) it(each.name, () => expectGood(clients.get(program)!.run(each)))
    })

  describe('report', () => {
    let count = 0
    const reportsOf = (
      name: string,
      program = 'models',
      more: Readonly<Record<string, string>> = {},
    ): readonly SimulatorReport[] => {
      const file = join(folder, `${++count}.report`)
      const wanted = casesOf(program).find(each => each.name === name)
      expectGood(clients.get(program)!.run(wanted!, { ...more, ACL_SIM_REPORT: file }))
      return reportsIn(file)
    }

    it('is empty for a program that releases everything', () => {
      const reports = reportsOf('everything released leaves nothing behind')
      expect(reports.map(({ event }) => event)).to.deep.equal(['finalize', 'exit'])
      for (const report of reports) {
        expectClean(report)
      }
    })

    for (const { name } of casesOf('benchmark'))
      it(`is empty for the genuine benchmark's calls: ${name}`, () => {
        const reports = reportsOf(name, 'benchmark')
        for (const { problems } of reports) expect(problems).to.deep.equal([])
        const last = new Map(reports.map(report => [report.pid, report]))
        for (const report of last.values()) expectNoLeaks(report)
      })

    it('is empty after a lost device was reset', () => {
      const name = 'a lost device answers the same code until it is reset, and takes all that was on it along'
      for (const report of reportsOf(name, 'trouble')) {
        expectClean(report)
      }
    })

    const kindsOf = (reports: readonly SimulatorReport[]): readonly string[] =>
      reports.at(-1)!.problems.map(({ kind }) => kind)

    it('names a process that is spawned during an asynchronous copy', () => {
      const spawned = 'a process is spawned during an asynchronous copy'
      const preload = {
        LD_PRELOAD: join(library, 'libacl_sim_spawn.so'),
      }
      expect(kindsOf(reportsOf('a process is forked during an asynchronous copy', 'trouble'))).to.deep.equal([
        'spawn-during-async-copy',
      ])
      expect(kindsOf(reportsOf('a process is forked after an asynchronous copy', 'trouble'))).to.deep.equal(
        [],
      )
      // A sanitizer wants to be the first library of a process.
      if (process.env['AASIST_SANITIZE'] !== undefined) return
      expect(kindsOf(reportsOf(spawned, 'trouble', preload))).to.deep.equal(['spawn-during-async-copy'])
      const inEveryWay = 'processes are spawned in every way while a fill waits for an event'
      const { problems } = reportsOf(inEveryWay, 'trouble', preload).at(-1)!
      expect(problems.map(({ kind, text }) => `${kind}: ${text}`)).to.deep.equal(
        ['posix_spawn', 'system', 'popen', 'fork'].map(
          how => `spawn-during-async-copy: ${how} while 1 asynchronous copies were under way`,
        ),
      )
    })

    it('is of the process that initialised, not of those forked at its end', () => {
      const name = 'a process forks at its end, and so does a child that ends by itself'
      const reports = reportsOf(name, 'trouble')
      expect(reports.map(({ event }) => event)).to.deep.equal(['finalize', 'exit'])
      expect(new Set(reports.map(({ pid }) => pid)).size).to.equal(1)
      for (const { problems } of reports) expect(problems).to.deep.equal([])
    })

    it('counts what a program forgets and names what it does wrong', () => {
      const [report] = reportsOf('a program that forgets everything')
      expect(report!.leaks).to.deep.include({
        models: 1,
        contexts: 1,
        streams: 1,
        events: 1,
        hostBlocks: 1,
        hostBytes: 100,
        deviceSets: 1,
        descriptions: 1,
        datasets: 2,
        dataBuffers: 3,
      })
      expect(report!.leaks['deviceBlocks']).to.equal(4)
      expect(report!.problems.map(({ kind }) => kind)).to.deep.equal(['bad-free', 'other-context'])
    })
  })

  it('functions can be missing where calls are bound one by one, and those of the program work', () => {
    const lazy = new Client('trouble', join(library, '..'), join(folder, 'lazy'), {}, 'lazy')
    expectGood(lazy.run(casesOf('trouble').find(({ name }) => name === 'functions can be missing')!))
  })

  it('a call that begins to hang is in the log', () => {
    const log = join(folder, 'hang.log')
    const hanging = casesOf('streams').find(({ name }) => name === 'a call that hangs hangs alone')!
    expectGood(clients.get('streams')!.run(hanging, { ACL_SIM_LOG: log }))
    expect(readFileSync(log, 'utf8')).to.match(/ aclrtMemcpy hangs /)
  })

  describe('faults', () => {
    const folderOfHeaders = join(root, 'native', 'acl_abi')
    const headers = (readdirSync(folderOfHeaders, { recursive: true }) as string[])
      .filter(name => name.endsWith('.h'))
      .map(name => readFileSync(join(folderOfHeaders, name), 'utf8'))
    const returnCodes = new Set(
      [...headers.join('\n').matchAll(/^aclError (\w+)\(/gm)].map(([, name]) => name),
    )

    for (const file of [
      'libascendcl.so',
      'libacl_dvpp.so',
      'libacl_cblas.so',
      'libacl_op_compiler.so',
    ] as const)
      it(`make every function of ${file} fail, late and hang`, function () {
        requireTool(this, 'nm')
        const symbols = execFileSync('nm', ['-D', '--defined-only', join(library, file)], {
          encoding: 'utf8',
        })
        const names = [...symbols.matchAll(/ T (acl(?!sim)\w+)$/gm)].map(([, name = '']) => name)
        expect(names).to.not.deep.equal([])
        // Asking for messages would use up the faults of the function that gives them.
        const message = 'aclGetRecentErrMsg'
        for (const each of [names.filter(name => name !== message), names.filter(name => name === message)]) {
          if (each.length === 0) continue
          const faults = each.flatMap(name => [`${name}:507018@1-2`, `${name}:20ms@2`, `${name}:hang@3`])
          const args = each.map(name => (returnCodes.has(name) ? `${name}=` : name))
          expectGood(clients.get('every')!.start([file, ...args], { ACL_SIM_FAULTS: faults.join() }))
        }
      })
  })

  it("CANN's signal handlers leave a trace in ASCEND_WORK_PATH", () => {
    const work = mkdtempSync(join(folder, 'work-'))
    const name = "CANN's signal handlers are there when wanted, and pass on to those before"
    const wanted = casesOf('trouble').find(each => each.name === name)
    expectGood(clients.get('trouble')!.run(wanted!, { ASCEND_WORK_PATH: work }))
    const signals = readdirSync(work).map(file => /^stackcore_tracer_(\d+)_\d+\.txt$/.exec(file)?.[1])
    expect(signals.sort()).to.deep.equal(['15', '35'])
  })
})
