/** Which calls the add-on makes, in which stories they can be made to fail, and what such a story came to. */
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeOnnx } from '../../lib/model/onnx/write'
import { root } from '../support/environment'
import { OfflineModels, simulatorLibrary, simulatorSettings } from '../support/native'

/** How long a story's own waits are. A hang is told from slowness by them, so they are long for a busy machine. */
export const timeoutMs = 1500
export const exitWaitMs = 500
const createWaitMs = 1500
const patienceMs = 6000
/** Two sessions that end when the patience does; starting Node and leaving it come on top. */
export const endsWithinMs = 18_000

/** What the table says of a session whose promises were all kept. */
export const noEffect = 'no effect'

export interface Story {
  readonly name: string
  readonly model: string
  readonly asBytes?: boolean
  /** Only asks what devices there are. */
  readonly look?: boolean
  readonly shapes: readonly (readonly number[])[]
  readonly options?: Readonly<Record<string, unknown>>
  /** 0: runs without a time-out, which are executed by another call. */
  readonly timeoutMs: number
  readonly environment?: Readonly<Record<string, string>>
  /** A fault that is there before the one under test, for calls that belong to recovery. */
  readonly fault?: string
  /** The calls of its first session, where AscendCL, not initialised, reports none. */
  readonly first?: Readonly<Record<string, number>>
}

export interface SessionEnds {
  readonly create: string
  readonly runs: readonly string[]
  readonly release: string
}

export interface Steps {
  readonly sessions: readonly SessionEnds[]
  readonly wrong: number
  readonly untyped: readonly string[]
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly durationMs: number
  readonly stderr: string
  readonly steps: Steps | undefined
  readonly leaks: Readonly<Record<string, number>>
  readonly problems: readonly { kind: string; text: string }[]
  readonly calls: Readonly<Record<string, number>>
}

/** The functions of native/acl_api.h, so that a call added there is in the matrix. */
export function addonCalls(): readonly string[] {
  const table = readFileSync(join(root, 'native', 'acl_api.h'), 'utf8')
  return [...table.matchAll(/^\s*SYMBOL\((acl\w+)\)/gm)].map(match => match[1]!)
}

/** Those of them that return a code. */
export function callsWithCode(): ReadonlySet<string> {
  const folder = join(root, 'native', 'acl_abi')
  const headers = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.h'),
  )
  const text = headers.map(name => readFileSync(join(folder, name), 'utf8')).join('\n')
  return new Set([...text.matchAll(/^aclError (acl\w+)\(/gm)].map(match => match[1]!))
}

function negation(
  models: OfflineModels,
  shape: readonly (number | string)[],
  options: readonly string[] = [],
): string {
  const onnx = join(models.folder, `neg-${shape.join('x')}.onnx`)
  const value = (name: string) => ({ name, dtype: 'float32', shape })
  const graph = {
    name: 'neg',
    opset: 13,
    inputs: [value('x')],
    outputs: [value('y')],
    nodes: [{ name: 'only', op: 'Neg', inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: new Map(),
  }
  writeFileSync(onnx, writeOnnx(graph, { producerName: 'test', metadata: {} }))
  return models.compile(onnx, options)
}

/** Every call is in at least one of them; the first that has it is used. */
export function stories(models: OfflineModels): readonly Story[] {
  const fixed = negation(models, [4])
  const open = negation(models, ['n', 4], ['--input_shape=x:-1,4'])
  const rows = [
    [1, 4],
    [2, 4],
  ]
  const batch = negation(models, ['n', 4], ['--input_shape=x:-1,4', '--dynamic_batch_size=1,2'])
  const dims = negation(models, ['n', 4], ['--input_shape=x:-1,4', '--input_format=ND', '--dynamic_dims=1;2'])
  const image = negation(
    models,
    [1, 1, 'h', 'w'],
    ['--input_shape=x:1,1,-1,-1', '--dynamic_image_size=2,3;3,2'],
  )
  const images = [
    [1, 1, 2, 3],
    [1, 1, 3, 2],
  ]
  return [
    { name: 'static model', model: fixed, shapes: [[4]], timeoutMs },
    { name: 'runs without time-out', model: fixed, shapes: [[4]], timeoutMs: 0 },
    { name: 'model from memory', model: fixed, asBytes: true, shapes: [[4]], timeoutMs },
    { name: 'batch gears', model: batch, shapes: rows, timeoutMs },
    { name: 'dimension gears', model: dims, shapes: rows, timeoutMs },
    { name: 'image gears', model: image, shapes: images, timeoutMs },
    { name: 'open shape', model: open, shapes: rows, options: { outputBytes: { y: 64 } }, timeoutMs },
    { name: 'open shape, outputs by ACL', model: open, shapes: rows, timeoutMs: 0 },
    {
      name: 'CANN before 8.1',
      model: fixed,
      shapes: [[4]],
      timeoutMs,
      environment: { ACL_SIM_MISSING: 'aclmdlGetInputDimsV2,aclrtDestroyStreamForce' },
    },
    { name: 'looking for devices', model: fixed, look: true, shapes: [[4]], timeoutMs },
    // The first opening meets it, so that the second opening has aclInit's second use.
    {
      name: 'after a failing aclInit',
      model: fixed,
      shapes: [[4]],
      timeoutMs,
      fault: 'aclInit:500000@1',
      first: { aclInit: 1 },
    },
    // The second run of either session: one that failed goes on with its eight, one that hung has had two.
    {
      name: 'after a failing task',
      model: fixed,
      shapes: [[4]],
      timeoutMs,
      fault: 'task:507011@2,task:507011@10',
    },
    {
      name: 'after a hanging task',
      model: fixed,
      shapes: [[4]],
      timeoutMs,
      fault: 'task:hang@2,task:hang@4',
    },
  ]
}

export async function play(
  story: Story,
  { fault, sessions = 2 }: { fault?: string; sessions?: number } = {},
): Promise<Ended> {
  const report = join(root, 'build', `faults-${process.pid}-${Math.random().toString(36).slice(2)}.json`)
  const faults = [story.fault, fault].filter(text => text !== undefined).join(',')
  const settings = {
    model: story.model,
    asBytes: story.asBytes === true,
    look: story.look === true,
    shapes: story.shapes,
    options: { ...story.options, libraryPath: simulatorLibrary, exitWaitMs },
    sessions,
    timeoutMs: story.timeoutMs,
    createWaitMs,
    patienceMs,
  }
  const startedAtMs = performance.now()
  const child = spawn(
    process.execPath,
    // Process warnings are the package's own words in JavaScript; without them stderr shows whether anything else prints.
    [
      '--no-warnings',
      join(root, 'test', 'faults', 'story.cjs'),
      join(root, 'dist'),
      JSON.stringify(settings),
    ],
    {
      env: {
        ...process.env,
        ...simulatorSettings(),
        ACL_SIM_DEVICES: '1',
        ACL_SIM_REPORT: report,
        ...story.environment,
        ...(faults !== '' && { ACL_SIM_FAULTS: faults }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
      killSignal: 'SIGKILL',
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...end) => resolve(end))
  })
  const durationMs = performance.now() - startedAtMs
  const { leaks, problems, calls } = lastReport(report)
  rmSync(report, { force: true })
  const steps = stdout === '' ? undefined : (JSON.parse(stdout) as Steps)
  return { code, signal, durationMs, stderr, steps, leaks, problems, calls }
}

function lastReport(path: string): Pick<Ended, 'leaks' | 'problems' | 'calls'> {
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    return JSON.parse(lines.at(-1)!) as Pick<Ended, 'leaks' | 'problems' | 'calls'>
  } catch {
    return { leaks: {}, problems: [{ kind: 'no-report', text: 'the simulator wrote no report' }], calls: {} }
  }
}

/** A session's end in the words of the table. */
export function summary({ create, runs, release }: SessionEnds): string {
  if (create !== 'ok') return `create: ${create}`
  const codes = [...new Set(runs.filter(each => each !== 'ok'))]
  // How many of the runs beside it a time-out takes along is a matter of microseconds.
  const failed = codes.length > 1 ? codes.filter(code => code !== 'SESSION_FAULTED') : codes
  const parts = failed.length === 0 ? [] : [`run: ${failed.join(', then ')}`]
  if (release !== 'ok' && !failed.includes('pending')) parts.push(`release: ${release}`)
  return parts.length === 0 ? noEffect : parts.join('; ')
}
