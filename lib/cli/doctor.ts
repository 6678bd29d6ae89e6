/** `aasist doctor`: what is here, what is missing, and the command that fixes it. */
import { Option, type Command } from 'commander'
import { extname, join } from 'node:path'
import { errorCode, errorMessage } from '../errors'
import { Detector, demoFolder, onnxruntimeVersion, packageVersion, cpuClass } from '../scoring'
import { installOnnxruntime } from '../session/ort-package'
import type { AscendTool } from '../toolchain/ascend-tools'
import type { Check } from './check'
import { checkChips } from './doctor-chips'
import { hostChecks } from './doctor-findings'
import { lookAtHost } from './doctor-host'
import { checkModel } from './doctor-model'
import { deviceCheck, isInOrder, softened, type AskedDevice } from './doctor-verdict'
import type { ExitCode } from './exit'
import { checkNpus } from './npu-check'
import { coloured, printJson, printLine } from './terminal'
import { formatTable, outputLineLength } from './table'

/** PyTorch's score of the demo weights for this clip (float32). */
const selfTestClip = 'DEMO_E_0001000'
const selfTestScore = 1.7776710987091064

const report = 'please report it, with the output of: aasist doctor --json'

interface DoctorFlags {
  readonly device?: AskedDevice
  readonly model?: string
  readonly json?: boolean
}

export function addDoctorCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('doctor')
    .description('show versions and back ends, and what to do about what is missing')
    .addOption(
      new Option(
        '--device <device>',
        'exit 1 if this one cannot work (default: if anything here should and does not)',
      ).choices(['auto', 'cpu', 'npu']),
    )
    .option('--model <file>', 'see whether this model and the NPU belong together')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', '\nExample:\n  aasist doctor --device npu --model AASIST-L.om')
    .action((flags: DoctorFlags) => run(signal => doctor(flags, signal)))
}

async function doctor({ device, model, json }: DoctorFlags, signal: AbortSignal): Promise<ExitCode> {
  const processEnvironment = process.env
  const [{ check: npuBackend, npu, stopsAuto }, host, chips] = await Promise.all([
    checkNpus(signal),
    lookAtHost({ root: '/', environment: processEnvironment }),
    checkChips({ environment: processEnvironment, signal }),
  ])
  const socName = npu?.socName ?? null
  // Where an NPU answers, or the simulator does, what looks wrong has not hindered it.
  const hindered = npuBackend.state !== 'ok' && npu?.simulator !== true
  const onHost = hostChecks(host, { socName })
  const models =
    model === undefined
      ? []
      : [
          await checkModel(model, {
            socName,
            cannVersion: npu?.cannVersion ?? null,
            atc: host.atc?.path ?? null,
            environment: processEnvironment,
            signal,
          }),
        ]
  const cpu = [cpuBackend(), ...(await selfTest(signal))]
  const npus = [
    npuBackend,
    ...(hindered ? onHost : softened(onHost)),
    ...chipsOf(chips, host.npuSmi),
    ...models,
  ]
  const verdict = deviceCheck({
    ...{ cpu, npu: npuBackend, npus, asked: device, stopsAuto },
    onlyForNpus: extname(model ?? '').toLowerCase() === '.om',
  })
  const checks = [...environment(), ...cpu, ...npus, verdict]
  const ok = isInOrder(device, { cpu, npus, verdict })
  if (json === true) printJson({ ok, checks, npu, host })
  else {
    printLine(
      formatTable(
        ['check', 'state', 'found'],
        checks.map(({ name, state, found }) => [name, state === 'info' ? '' : state, found]),
        { lineLength: outputLineLength(), paint: paintState },
      ),
    )
    for (const { name, state, fix } of checks) {
      const purpose = state === 'info' ? 'to use' : 'to mend'
      if (fix !== undefined) printLine(`\n${purpose} "${name}":\n  ${fix}`)
    }
  }
  return ok ? 0 : 1
}

const stateColours = new Map([
  ['ok', 'green'],
  ['missing', 'yellow'],
  ['failed', 'red'],
] as const)

function paintState(cell: string, column: number): string {
  const colour = column === 1 ? [...stateColours].find(([state]) => state === cell.trim())?.[1] : undefined
  return colour === undefined ? cell : coloured(colour, cell)
}

/** The stand-in has the chips that its settings say, which is no fault of the machine. */
function chipsOf(chips: readonly Check[], npuSmi: AscendTool | null): readonly Check[] {
  return npuSmi?.simulator === true ? softened(chips) : chips
}

function environment(): Check[] {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const libc = header.glibcVersionRuntime
  return [
    { name: 'aasist-ascend', state: 'info', found: packageVersion() },
    { name: 'node', state: 'info', found: process.versions.node },
    {
      name: 'platform',
      state: 'info',
      found: `${process.platform} ${process.arch}${libc === undefined ? '' : `, glibc ${libc}`}`,
    },
    { name: 'cpu', state: 'info', found: cpuClass() },
  ]
}

function cpuBackend(): Check {
  const version = onnxruntimeVersion()
  if (version !== null) return { name: 'CPU back end', state: 'ok', found: `onnxruntime-node ${version}` }
  return {
    name: 'CPU back end',
    state: 'missing',
    found: 'onnxruntime-node is not installed',
    fix: installOnnxruntime,
  }
}

async function selfTest(signal: AbortSignal): Promise<Check[]> {
  if (onnxruntimeVersion() === null) return []
  const name = 'self-test'
  try {
    const detector = await Detector.load({ device: 'cpu', sessions: 1, signal })
    try {
      const clip = join(demoFolder, 'LA', 'ASVspoof2019_LA_eval', 'flac', `${selfTestClip}.flac`)
      const { score } = await detector.score(clip, { signal })
      const state = Math.abs(score - selfTestScore) < 1e-3 ? 'ok' : 'failed'
      const found = `a demo clip scores ${score.toFixed(4)}, PyTorch says ${selfTestScore.toFixed(4)}`
      return [
        {
          name,
          state,
          found,
          ...(state === 'failed' && { fix: report }),
        },
      ]
    } finally {
      await detector.release()
    }
  } catch (error) {
    signal.throwIfAborted()
    const found = errorMessage(error)
    const fix = errorCode(error) === 'CPU_BACKEND_MISSING' ? installOnnxruntime : report
    return [{ name, state: 'failed', found, fix }]
  }
}
