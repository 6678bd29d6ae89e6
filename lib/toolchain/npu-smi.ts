/** Asks the driver's tool `npu-smi`, and says why it does not answer. */
import { ToolError } from '../errors'
import { findProgram, pathFolders, type Environment } from './find-program'
import { runProgram } from './run-program'

/** Answers `npu-smi <args>` with what it prints. */
export type NpuSmiQuery = (args: readonly string[]) => Promise<string>

export interface NpuSmiSettings {
  readonly environment?: Environment
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

const defaultTimeoutMs = 10_000
const usualFolders = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin']
/** A container with the tool often lacks this in its search path. */
const driverLibraries = ['/usr/local/Ascend/driver/lib64/driver', '/usr/local/Ascend/driver/lib64/common']
/** Sixteen cards of many processes print some ten kilobytes. */
const mostOutput = 1 << 20

const explanations: readonly [RegExp, string][] = [
  [
    /dcmi mod(ule|el) initiali[sz]ed? failed|dcmi.*init.*fail/i,
    'the driver does not answer: it must be installed and its devices present. In a container mount /dev/davinci*, ' +
      '/dev/davinci_manager, /dev/devmm_svm, /dev/hisi_hdc, /usr/local/dcmi and the driver; the user must be root or in ' +
      'the group that owns them (HwHiAiUser)',
  ],
  [
    /permission denied|not permitted|no permission/i,
    'the user must be root or in the group that owns /dev/davinci* (HwHiAiUser)',
  ],
  [
    /error while loading shared libraries|cannot open shared object/i,
    'put /usr/local/Ascend/driver/lib64/driver and …/common on LD_LIBRARY_PATH, and in a container mount the driver',
  ],
]

/** @throws ToolError `TOOL_NOT_FOUND` when there is no npu-smi */
export async function openNpuSmi(settings: NpuSmiSettings = {}): Promise<NpuSmiQuery> {
  const { environment = process.env, timeoutMs = defaultTimeoutMs, signal } = settings
  const program = await findProgram('npu-smi', [...pathFolders(environment), ...usualFolders])
  if (program === undefined) {
    throw new ToolError(
      'TOOL_NOT_FOUND',
      'there is no npu-smi on PATH or in /usr/local/bin; it comes with the Ascend driver, and a container needs it ' +
        'mounted (docker run -v /usr/local/bin/npu-smi:/usr/local/bin/npu-smi …)',
      { program: 'npu-smi' },
    )
  }
  const libraries = [environment['LD_LIBRARY_PATH'] ?? '', ...driverLibraries].filter(part => part !== '')
  const childEnvironment = { ...environment, LC_ALL: 'C', LD_LIBRARY_PATH: libraries.join(':') }
  return args => ask(program, args, { environment: childEnvironment, timeoutMs, signal })
}

async function ask(
  program: string,
  args: readonly string[],
  {
    environment,
    timeoutMs,
    signal,
  }: { environment: Environment; timeoutMs: number; signal: AbortSignal | undefined },
): Promise<string> {
  const output = { stdout: '', stderr: '' }
  const command = ['npu-smi', ...args].join(' ')
  const end = await runProgram(program, args, {
    environment,
    timeoutMs,
    signal,
    onLine: (line, stream) => {
      if (output[stream].length < mostOutput) output[stream] += `${line}\n`
    },
  })
  const said = `${output.stderr}${output.stdout}`
  const explained = explanations.find(([pattern]) => pattern.test(said))
  if (end.status === 0 && explained === undefined) return output.stdout
  const how = end.timedOut
    ? `did not answer in ${timeoutMs / 1000} s`
    : end.status === 0
      ? 'answered with an error'
      : `ended with ${end.status === null ? (end.signal ?? 'a signal') : `exit code ${end.status}`}`
  const line = lineThatMatters(said)
  const advice =
    explained?.[1] ??
    (end.timedOut
      ? 'the driver or a device may hang; look at dmesg and try npu-smi info in a shell'
      : 'see what it says in a shell')
  throw new ToolError('TOOL_FAILED', `${command} ${how}${line === '' ? '' : `: ${line}`}; ${advice}`, {
    program,
    args,
    status: end.status,
    signal: end.signal,
    timedOut: end.timedOut,
    output: said.slice(0, 4000),
  })
}

function lineThatMatters(said: string): string {
  const lines = said.split('\n').map(line => line.trim())
  const fitting = lines.find(line => explanations.some(([pattern]) => pattern.test(line)))
  return (fitting ?? lines.find(line => line !== '') ?? '').slice(0, 300)
}
