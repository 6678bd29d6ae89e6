/** What AscendCL promises, asked by C++ programs: acl-abi and its semantics, one process a statement. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { EndedCase } from '../support/cases'
import { requireTool } from '../support/environment'
import { Client, casesOf } from './clients'
import { makeOfflineModels } from './offline-models'
import { requireSimulatorBuild } from './support'

const programs = ['process', 'memory', 'streams', 'models', 'failures'] as const

function expectGood({ status, signal, stderr }: EndedCase): void {
  expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' })
}

interface Report {
  readonly event: string
  readonly leaks: Readonly<Record<string, number>>
  readonly problems: readonly { readonly kind: string }[]
}

describe('C++ programs on the simulator', function () {
  this.timeout(300_000)
  const clients = new Map<string, Client>()
  let folder = ''

  before(function () {
    requireTool(this, 'g++')
    const { folder: simulator, atc, environment } = requireSimulatorBuild(this)
    folder = mkdtempSync(join(tmpdir(), 'aasist-simulator-'))
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value
    const models = makeOfflineModels(folder, atc)
    for (const program of programs)
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
    const reportsOf = (name: string): readonly Report[] => {
      const file = join(folder, `${name.length}.report`)
      const wanted = casesOf('models').find(each => each.name === name)
      expectGood(clients.get('models')!.run(wanted!, { ACL_SIM_REPORT: file }))
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
      return lines.map(line => JSON.parse(line) as Report)
    }

    it('is empty for a program that releases everything', () => {
      const reports = reportsOf('everything released leaves nothing behind')
      expect(reports.map(({ event }) => event)).to.deep.equal(['finalize', 'exit'])
      for (const { leaks, problems } of reports) {
        expect(
          Object.values(leaks).every(count => count === 0),
          JSON.stringify(leaks),
        ).to.equal(true)
        expect(problems).to.deep.equal([])
      }
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
})
