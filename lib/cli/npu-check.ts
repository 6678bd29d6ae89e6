/** What `doctor` says about NPUs. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { saysNoNpu, saysNoUsableNpu } from '../session/devices'
import type { Check } from './check'
import type { NpuFacts, ProbeAnswer, ProbeStep } from './npu-probe'
import { counted } from './terminal'

/** For the first call of a process, which initialises the driver, and for each device: either takes seconds on some machines. */
const answerTimeoutMs = 60_000

const name = 'NPU back end'

export interface NpuDiagnosis {
  readonly check: Check
  readonly npu: NpuFacts | null
  /** What is wrong is nothing that `auto` turns to the CPU for. */
  readonly stopsAuto: boolean
}

/** A process that sent no answer. */
interface Silence {
  readonly found: string
  readonly npu: NpuFacts | null
  readonly stopsAuto: boolean
}

/** Asks AscendCL in a process of its own. */
export async function checkNpus(signal: AbortSignal): Promise<NpuDiagnosis> {
  const answer = await askProbe(signal)
  signal.throwIfAborted()
  if ('found' in answer) {
    const { found, npu, stopsAuto } = answer
    const fix = 'see whether npu-smi info answers, and start the machine or its driver again'
    return { check: { name, state: 'failed', found, fix }, npu, stopsAuto }
  }
  const { npu, failure } = answer
  if (failure === null) return { check: { name, state: 'ok', found: describe(npu!) }, npu, stopsAuto: false }
  const turnsToCpu = (npu?.devices ?? 0) > 0 ? saysNoNpu : saysNoUsableNpu
  return { check: checkOf(failure.code ?? '', failure.message, npu), npu, stopsAuto: !turnsToCpu(failure) }
}

/** The answer, or why there is none. */
function askProbe(signal: AbortSignal): Promise<ProbeAnswer | Silence> {
  return new Promise(resolve => {
    // What CANN prints is nobody's result.
    const child = fork(join(__dirname, 'npu-probe.js'), { stdio: 'ignore', execArgv: [] })
    let step: ProbeStep | undefined
    const end = (answer: ProbeAnswer | Silence): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      child.kill('SIGKILL')
      resolve(answer)
    }
    const fail = (found: string, stopsAuto: boolean): void =>
      end({ found, npu: step?.npu ?? null, stopsAuto })
    const onAbort = (): void => fail('stopped', false)
    // `auto` gives up an AscendCL that does not count its devices; the opening of one it waits for.
    const onSilence = (): void =>
      step === undefined
        ? fail(`AscendCL does not answer within ${answerTimeoutMs / 1000} s`, false)
        : fail(`NPU ${step.opening} does not open within ${answerTimeoutMs / 1000} s`, true)
    const timer = setTimeout(onSilence, answerTimeoutMs)
    signal.addEventListener('abort', onAbort)
    child.on('message', (message: ProbeStep | ProbeAnswer) => {
      if ('opening' in message) {
        step = message
        timer.refresh()
      } else end(message)
    })
    child.on('error', error =>
      fail(`the process that asks AscendCL could not be started: ${error.message}`, false),
    )
    child.on('exit', (code, killedBy) =>
      fail(`AscendCL ended the process that asked it (${killedBy ?? `exit code ${code}`})`, true),
    )
  })
}

function describe({ library, simulator, cannVersion, aclVersion, devices, socName }: NpuFacts): string {
  const release = `CANN ${cannVersion ?? 'of unknown version'}`
  return [
    simulator ? `the simulator, as ${release}, no real NPU` : release,
    ...(aclVersion === null ? [] : [`AscendCL ${aclVersion}`]),
    counted(devices, 'NPU'),
    ...(socName === null ? [] : [socName]),
    library,
  ].join(', ')
}

const library = process.env['AASIST_ACL_LIBRARY'] ?? ''

/** `info`: this machine has no NPU to be used, which most have not. `failed`: it seems to have one, and that does not work. */
function checkOf(code: string, message: string, npu: NpuFacts | null): Check {
  if ((npu?.devices ?? 0) > 0) {
    const fix = 'npu-smi info   # see that it shows the device, in good health'
    return { name, state: 'failed', found: `${message} (${code})`, fix }
  }
  switch (code) {
    case 'UNSUPPORTED_PLATFORM':
      return { name, state: 'info', found: message, fix: 'use Linux on x64 or arm64 with glibc' }
    case 'ADDON_NOT_FOUND':
      return {
        name,
        state: 'info',
        found: 'no add-on (ADDON_NOT_FOUND)',
        fix: 'in a checkout: npm run build (needs g++, make and cmake)',
      }
    case 'ACL_LIBRARY_NOT_FOUND':
      return {
        name,
        state: library === '' ? 'info' : 'failed',
        found: `the add-on is there; no CANN${library === '' ? '' : ` at AASIST_ACL_LIBRARY=${library}`} (${code})`,
        fix:
          library === ''
            ? 'install CANN and source its set_env.sh, or name libascendcl.so in AASIST_ACL_LIBRARY; to try things without a card: eval "$(npx aasist simulator env)"'
            : 'name libascendcl.so of a CANN, or the folder it is in, in AASIST_ACL_LIBRARY; or unset it',
      }
    case 'ACL_NO_DEVICE':
      return {
        name,
        state: 'info',
        found: npu === null ? message : `${describe(npu)} (${code})`,
        fix: 'see whether npu-smi info shows one, whether ASCEND_RT_VISIBLE_DEVICES hides it, and whether your user is in the group of /dev/davinci*; a container needs those devices and the driver',
      }
    case 'ACL_SYMBOL_MISSING':
      return { name, state: 'failed', found: message, fix: 'install CANN 6.0 or newer' }
    default:
      return {
        name,
        state: 'failed',
        found: `${message} (${code})`,
        fix: 'see what npu-smi info says, and whether driver and CANN fit together',
      }
  }
}
