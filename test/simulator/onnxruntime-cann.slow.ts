/**
 * ONNX Runtime's CANN provider on the simulator: built by its maintainers against CANN's own headers, and unmodified.
 * AASIST_CANN_PYTHON names a Python that has it: pip install onnxruntime-cann==1.24.4 "numpy<2".
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { simulatorEnvironment } from '../../lib/toolchain'
import { requireFound, root } from '../support/environment'
import { demoModel } from '../support/golden'
import { reportsIn, type SimulatorReport } from '../support/simulator-report'
import { requireSimulatorBuild } from './support'

const client = join(__dirname, 'clients', 'onnxruntime_cann.py')
const hasProvider =
  "import onnxruntime; assert 'CANNExecutionProvider' in onnxruntime.get_available_providers()"

/** What the client prints. */
interface Found {
  readonly providers: readonly string[]
  /** Of every run: the largest of all outputs. */
  readonly differences: readonly number[]
  /** Of every run: the first element of every output. */
  readonly firsts: readonly (readonly number[])[]
  readonly error: string | null
  /** Providers that executed nodes. */
  readonly nodes: readonly string[]
}

interface Outcome extends Found {
  readonly report: SimulatorReport
}

function findPython(): string | undefined {
  const named = process.env['AASIST_CANN_PYTHON']
  const python = named ?? 'python3'
  const probe = spawnSync(python, ['-c', hasProvider], { encoding: 'utf8', timeout: 60_000 })
  if (probe.status === 0) return python
  if (named === undefined) return undefined
  throw new Error(`AASIST_CANN_PYTHON=${named} has no onnxruntime with the CANN provider: ${probe.stderr}`)
}

describe("onnxruntime's CANN provider (of AASIST_CANN_PYTHON) on the simulator", function () {
  this.timeout(180_000)
  let folder = ''
  let python = ''
  let environment: NodeJS.ProcessEnv = {}
  const models: Record<string, string> = {
    'two inputs': join(root, 'test', 'fixtures', 'onnx', 'add.onnx'),
    'two outputs': join(root, 'test', 'fixtures', 'onnx', 'two-outputs.onnx'),
  }

  before(function () {
    const { folder: simulator, environment: settings } = requireSimulatorBuild(this)
    python = requireFound(this, findPython(), 'onnxruntime-cann: AASIST_CANN_PYTHON')
    environment = simulatorEnvironment({
      home: simulator,
      libraryFolder: join(simulator, 'lib'),
      programFolder: join(simulator, 'bin'),
      ortLibrary: settings['ACL_SIM_ORT_LIBRARY'],
    })
    folder = mkdtempSync(join(tmpdir(), 'aasist-cann-'))
    const demo = convertCheckpoint(readFileSync(demoModel.checkpoint), readFileSync(demoModel.config), {
      target: 'plain',
    })
    models['the demo network'] = join(folder, 'demo.onnx')
    writeFileSync(models['the demo network'], demo)
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  interface Wanted {
    readonly model: string
    readonly runs: number
    /** Where the provider keeps offline models; of one name, all processes share it. */
    readonly place: string
    readonly env?: Readonly<Record<string, string>>
    readonly settings?: readonly string[]
  }

  /** One process, which must end with 0 and without a crash. */
  function run({ model, runs, place, env = {}, settings = [] }: Wanted): Outcome {
    const cwd = join(folder, place)
    mkdirSync(cwd, { recursive: true })
    const reportFile = join(cwd, 'report')
    rmSync(reportFile, { force: true })
    const { status, signal, stdout, stderr } = spawnSync(
      python,
      [client, models[model]!, String(runs), ...settings],
      {
        cwd,
        env: { ...environment, ACL_SIM_PRECISION: 'origin', ACL_SIM_REPORT: reportFile, ...env },
        encoding: 'utf8',
        timeout: 120_000,
        killSignal: 'SIGKILL',
      },
    )
    expect({ status, signal }, stderr).to.deep.equal({ status: 0, signal: null })
    const found = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Found
    const reports = reportsIn(reportFile)
    expect(reports).to.have.length(1)
    return { ...found, report: reports[0]! }
  }

  /** The provider never resets its device; everything else it made it frees, and it calls no aclFinalize. */
  function expectTidy({ report: { event, leaks, problems, calls } }: Outcome): void {
    expect(problems).to.deep.equal([])
    const left = Object.entries(leaks).filter(([, count]) => count !== 0)
    expect(left).to.deep.equal([['deviceSets', calls['aclrtSetDevice']]])
    expect(event).to.equal('exit')
  }

  function expectRuns(outcome: Outcome, runs: number): void {
    expect(outcome.error).to.equal(null)
    expect(outcome.providers[0]).to.equal('CANNExecutionProvider')
    expect(outcome.nodes).to.deep.equal(['CANNExecutionProvider'])
    expect(outcome.report.calls['aclmdlExecuteAsync']).to.equal(runs)
    // An asynchronous execution whose result came too late would be the one of the run before.
    expect(new Set(outcome.firsts.map(each => each.join())).size).to.equal(runs)
    expectTidy(outcome)
  }

  for (const model of ['the demo network', 'two inputs', 'two outputs'])
    it(`runs ${model} as its CPU provider does, and finds the model it saved in a second process`, () => {
      const place = model.replaceAll(' ', '-')
      const first = run({ model, runs: 4, place })
      expectRuns(first, 4)
      for (const difference of first.differences) expect(difference).to.be.at.most(1e-5)
      expect(first.report.calls).to.include({
        aclgrphBuildModel: 1,
        aclgrphSaveModel: 1,
        aclmdlLoadFromMem: 1,
        aclmdlUnload: 1,
      })
      expect(readdirSync(join(folder, place)).filter(name => name.endsWith('.om'))).to.have.length(1)

      const second = run({ model, runs: 4, place })
      expectRuns(second, 4)
      expect(second.firsts).to.deep.equal(first.firsts)
      expect(second.report.calls).to.include({ aclmdlLoadFromFile: 1, aclmdlUnload: 1 })
      expect(second.report.calls).not.to.have.any.keys('aclgrphBuildModel', 'aclmdlLoadFromMem')
    })

  it('computes with weights of half precision by default, as the graph build of CANN does', () => {
    const outcome = run({ model: 'the demo network', runs: 2, place: 'half', env: { ACL_SIM_PRECISION: '' } })
    expectRuns(outcome, 2)
    for (const difference of outcome.differences) {
      expect(difference).to.be.above(1e-5)
      expect(difference).to.be.at.most(0.05)
    }
  })

  for (const [fault, runsBefore, told] of [
    ['aclmdlExecuteAsync:507011@3', 2, 'CANN error executing aclmdlExecuteAsync'],
    ['task:507015@2', 1, 'CANN failure 507015'],
    ['aclgrphParseONNXFromMem:1234', 0, 'CANN Graph error executing ge::aclgrphParseONNXFromMem'],
    ['aclgrphBuildModel:1234', 0, 'CANN Graph error executing ge::aclgrphBuildModel'],
    ['aclmdlLoadFromMem:545001', 0, 'CANN error executing aclmdlLoadFromMem'],
  ] as const)
    it(`gives its caller the failure of ${fault}`, () => {
      const place = fault.replaceAll(/\W/g, '-')
      const outcome = run({ model: 'two inputs', runs: 4, place, env: { ACL_SIM_FAULTS: fault } })
      expect(outcome.providers[0]).to.equal('CANNExecutionProvider')
      expect(outcome.error).to.match(/^Fail: /)
      expect(outcome.error).to.include(told)
      expect(outcome.differences).to.deep.equal(Array.from({ length: runsBefore }, () => 0))
      expectTidy(outcome)
    })

  it('is refused single operators, with a code and a message', () => {
    const outcome = run({
      model: 'two inputs',
      runs: 1,
      place: 'operators',
      settings: ['enable_cann_graph=False'],
    })
    expect(outcome.error).to.include('aclopCompileAndExecute("Add"')
    expect(outcome.report.calls).to.include({ aclopCompileAndExecute: 1, aclGetRecentErrMsg: 1 })
    expectTidy(outcome)
  })

  it('uses the CPU when the device does not open, and leaves no model behind', () => {
    const outcome = run({
      model: 'two inputs',
      runs: 2,
      place: 'no-device',
      env: { ACL_SIM_FAULTS: 'aclrtSetDevice:507033' },
    })
    expect(outcome.providers).to.deep.equal(['CPUExecutionProvider'])
    expect(outcome.differences).to.deep.equal([0, 0])
    expect(readdirSync(join(folder, 'no-device')).filter(name => name.endsWith('.om'))).to.deep.equal([])
  })
})
