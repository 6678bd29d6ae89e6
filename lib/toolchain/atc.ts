/** Runs atc where it can leave nothing behind: in a folder of its own that is removed afterwards. */
import { createHash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, relative } from 'node:path'
import { ArgumentRangeError, DatasetError, ToolError, errorCode } from '../errors'
import { fileOptions } from './atc-options'
import { AtcOutput } from './atc-output'
import { versionIn } from './driver-files'
import { findProgram, pathFolders, type Environment } from './find-program'
import { runProgram, type ProgramEnd } from './run-program'

export interface AtcProgram {
  readonly path: string
  /** Of the CANN it belongs to; null where no file beside it tells. */
  readonly version: string | null
  /** SHA-256 of the program's file, and of the `atc.bin` that a script of that name starts; null when unreadable. */
  readonly sha256: string | null
}

export type CompileEvent =
  | { readonly kind: 'started'; readonly command: readonly string[] }
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  /** Every two seconds while atc works; it does not tell how much is left. */
  | { readonly kind: 'progress'; readonly elapsedSeconds: number }

export interface AtcJob {
  readonly atc: AtcProgram
  readonly model: Uint8Array
  /** Files beside the model that hold its large constants; `location` is how the model names them. */
  readonly externalFiles: readonly { readonly location: string; readonly path: string }[]
  readonly options: ReadonlyMap<string, string>
  readonly soc: string
  /** What the offline model is called inside. */
  readonly name: string
  readonly environment: Environment
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  readonly onEvent: (event: CompileEvent) => void
}

export interface AtcResult {
  /** Path of the offline model; gone when the callback has returned. */
  readonly om: string
  /** Other files of the result, such as weights, by their paths relative to that of the model. */
  readonly companions: readonly string[]
  readonly folder: string
  readonly seconds: number
}

const progressMs = 2000
/** What atc takes in a path without asking. */
const plainPath = /^[\w./-]+$/

/** Where `set_env.sh` is when CANN is installed the usual way. */
function environmentScript(environment: Environment): string {
  const home = environment['HOME'] ?? '/root'
  const usual = [
    '/usr/local/Ascend/ascend-toolkit/set_env.sh',
    '/usr/local/Ascend/cann/set_env.sh',
    join(home, 'Ascend', 'ascend-toolkit', 'set_env.sh'),
  ]
  return usual.find(path => existsSync(path)) ?? usual[0]!
}

/**
 * `given`, or the first on PATH, or the one of the toolkit that the environment names.
 * @throws ToolError `TOOL_NOT_FOUND`
 */
export async function findAtc(given: string | undefined, environment: Environment): Promise<AtcProgram> {
  const toolkits = ['ASCEND_TOOLKIT_HOME', 'ASCEND_HOME_PATH'].flatMap(name => environment[name] ?? [])
  const found =
    given === undefined
      ? await findProgram('atc', [
          ...pathFolders(environment),
          ...toolkits.map(folder => join(folder, 'bin')),
        ])
      : await findProgram(basename(given), [dirname(given)])
  if (found === undefined) {
    throw new ToolError(
      'TOOL_NOT_FOUND',
      given === undefined
        ? `there is no atc on PATH: in a shell with CANN run: source ${environmentScript(environment)}; ` +
            'without CANN, to try things out: eval "$(aasist simulator env)"'
        : `there is no program ${given}`,
      { program: 'atc', ...(given !== undefined && { path: given }) },
    )
  }
  const path = await realpath(found)
  return { path: found, version: await versionBeside(path), sha256: await identityOf(path) }
}

async function identityOf(program: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    hash.update(await readFile(program))
  } catch {
    return null
  }
  const binary = await readFile(join(dirname(program), 'atc.bin')).catch(() => undefined)
  return hash.update(binary ?? '').digest('hex')
}

/** `<toolkit>/bin/atc` or `<toolkit>/compiler/bin/atc`. */
async function versionBeside(program: string): Promise<string | null> {
  let folder = dirname(program)
  for (let up = 0; up < 3; up++) {
    folder = dirname(folder)
    for (const name of ['version.info', join('compiler', 'version.info'), 'version.cfg']) {
      const version = await versionIn(join(folder, name))
      if (version !== null) return version
    }
  }
  return null
}

/**
 * Compiles, and gives the result to `use` before everything is removed.
 *
 * @throws ToolError `ATC_FAILED`, with `detail.codes`, `detail.problem` and `detail.tail`; `TOOL_FAILED` when atc
 *   cannot be started; the signal's reason when it aborts, after atc and its helpers have ended
 */
export async function withAtc<T>(job: AtcJob, use: (result: AtcResult) => Promise<T>): Promise<T> {
  const folder = await temporary(mkdtemp(join(tmpdir(), 'aasist-atc-')))
  try {
    const args = await temporary(prepare(job, folder))
    const output = new AtcOutput()
    const beganMs = performance.now()
    const elapsedSeconds = (): number => (performance.now() - beganMs) / 1000
    job.onEvent({ kind: 'started', command: [job.atc.path, ...args] })
    const ticking = setInterval(
      () => job.onEvent({ kind: 'progress', elapsedSeconds: elapsedSeconds() }),
      progressMs,
    )
    let end: ProgramEnd
    try {
      end = await runProgram(job.atc.path, args, {
        cwd: folder,
        environment: job.environment,
        timeoutMs: job.timeoutMs,
        signal: job.signal,
        onLine: (line, stream) => {
          output.take(line)
          job.onEvent({ kind: 'output', stream, line })
        },
      })
    } finally {
      clearInterval(ticking)
    }
    if (end.status !== 0) throw failure(job, end, output)
    const result = await findResult(job, join(folder, 'out'), output)
    return await use({ ...result, seconds: elapsedSeconds() })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @throws DatasetError `OUTPUT_UNWRITABLE` for what the system has against it */
async function temporary<T>(step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `the temporary folder for atc cannot be used: ${error.message}; name one with room in TMPDIR`,
      { folder: tmpdir(), systemCode: errorCode(error) ?? null },
      { cause: error },
    )
  }
}

/**
 * Lays out the folder and gives the arguments. Paths are relative: atc writes its command line into the model, and with
 * the temporary folder's name in it no two compilations would be equal.
 */
async function prepare(job: AtcJob, folder: string): Promise<string[]> {
  await mkdir(join(folder, 'in'))
  await mkdir(join(folder, 'out'))
  await writeFile(join(folder, 'in', 'model.onnx'), job.model)
  for (const { location, path } of job.externalFiles) {
    await mkdir(dirname(join(folder, 'in', location)), { recursive: true })
    await symlink(path, join(folder, 'in', location))
  }
  const args = [
    '--framework=5',
    `--model=${join('in', 'model.onnx')}`,
    `--output=${join('out', job.name)}`,
    `--soc_version=${job.soc}`,
  ]
  for (const [name, value] of job.options) {
    if (!fileOptions.has(name)) {
      args.push(`--${name}=${value}`)
      continue
    }
    // Under a name that atc takes, whatever its own is.
    const copy = join('in', `${name}${plainPath.test(extname(value)) ? extname(value) : ''}`)
    await copyFile(value, join(folder, copy), constants.COPYFILE_FICLONE).catch((error: unknown) => {
      throw new ArgumentRangeError(
        `the file for atc's ${name} cannot be read: ${value} (${errorCode(error) ?? String(error)})`,
        { option: name, path: value },
      )
    })
    args.push(`--${name}=${copy}`)
  }
  return args
}

/** atc adds the system to the name of a model with dynamic shapes. */
async function findResult(
  job: AtcJob,
  folder: string,
  output: AtcOutput,
): Promise<Omit<AtcResult, 'seconds'>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  const isModel = (file: string): boolean =>
    file === `${job.name}.om` ||
    (file.startsWith(`${job.name}_`) && /^_[\w-]+\.om$/.test(file.slice(job.name.length)))
  const models = files.filter(isModel)
  const [model] = models
  if (model === undefined || models.length > 1 || (await stat(join(folder, model))).size === 0) {
    const found = files.length === 0 ? 'nothing' : files.join(', ')
    throw new ToolError(
      'ATC_FAILED',
      `atc ended well but left no offline model: expected ${job.name}.om or ${job.name}_<os>_<arch>.om, found ${found}; ` +
        'see its output',
      { codes: output.codes, problem: output.problem ?? null, tail: output.tail, files },
    )
  }
  return { om: join(folder, model), folder, companions: files.filter(file => file !== model) }
}

function failure(job: AtcJob, end: ProgramEnd, output: AtcOutput): ToolError {
  const { problem, codes, tail } = output
  const how = end.timedOut
    ? `was ended after its time-out of ${(job.timeoutMs ?? 0) / 1000} s`
    : end.signal !== null
      ? `was ended by ${end.signal}${end.signal === 'SIGKILL' ? ' (out of memory? see dmesg)' : ''}`
      : `ended with exit code ${end.status ?? 0}`
  const said =
    problem === undefined
      ? lastWords(tail)
      : `${problem.code === null ? '' : `${problem.code}: `}${problem.text}`
  const advice =
    problem?.solution ??
    (end.timedOut
      ? 'give it more time, or fewer operators to tune'
      : 'its detailed log is in $HOME/ascend/log, or on the screen with ASCEND_SLOG_PRINT_TO_STDOUT=1 and --log info')
  return new ToolError(
    'ATC_FAILED',
    `atc ${how}${said === '' ? '' : `: ${said.replace(/\.$/, '')}`}; ${advice.replace(/\.$/, '')}`,
    {
      status: end.status,
      signal: end.signal,
      timedOut: end.timedOut,
      code: problem?.code ?? null,
      codes,
      problem: problem ?? null,
      tail,
    },
  )
}

function lastWords(tail: string): string {
  const lines = tail.split('\n').map(line => line.trim())
  return lines.findLast(line => /\w/.test(line))?.slice(0, 500) ?? ''
}

/** SHA-256 of a file, without holding it in memory. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'r')
  try {
    for await (const piece of file.createReadStream({ autoClose: false })) hash.update(piece as Buffer)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}
