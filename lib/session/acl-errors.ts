/** What the native side reports, as errors of this package: by what the caller can do about it. */
import { ArgumentTypeError, ModelError, SessionError } from '../errors'
import type { ErrorDetail, SessionErrorCode } from '../errors'
import type { AclFailure, NativeFailure } from './binding'

const installCann =
  'Install CANN, and start node from a shell in which its set_env.sh was sourced (the search path for libraries is read when a process starts), ' +
  'or name the library with the option libraryPath or in AASIST_ACL_LIBRARY'

const simulatorHint = 'Without an NPU, use the simulator: eval "$(npx aasist simulator env)"'

/** Calls that open a device. Elsewhere the same codes mean that one was lost that had been there. */
const openingCalls: ReadonlySet<string> = new Set([
  'aclInit',
  'aclrtGetDeviceCount',
  'aclrtSetDevice',
  'aclrtCreateContext',
])

/** What every call answers when the library is the one for linking only. */
const ACL_ERROR_COMPILING_STUB_MODE = 100039
const ACL_ERROR_RT_INVALID_DEVICEID = 107001

/** Process and time in front of AscendCL's texts: `EE1001: [PID: 7] 2026-11-22-15:23:09.263.054 The argument …`. */
const logPrefix = /^(?<code>\w+: )\[PID: \d+\] [\d:.-]+ /

/** What the add-on's own allocations fail with. */
const badAlloc = 'std::bad_alloc'

function spoken({ call, aclError, aclName, aclMessage }: AclFailure): string {
  const name = aclName === '' ? '' : ` ${aclName}`
  const [line = ''] = aclMessage.trim().split('\n')
  const first = line.replace(logPrefix, '$<code>').replace(/\.$/, '')
  return `${call} failed with ${aclError}${name}${first === '' ? '' : `: ${first}`}`
}

function detailOf(failure: AclFailure, device: number): ErrorDetail {
  const { call, aclError, aclName, aclMessage } = failure
  return { call, aclError, aclName, aclMessage, device, reason: aclMessage === '' ? aclName : aclMessage }
}

function libraryError(failure: NativeFailure): Error | undefined {
  if (failure.kind === 'libraryNotFound') {
    const { tried } = failure
    return new SessionError('ACL_LIBRARY_NOT_FOUND', notFoundText(tried), { tried })
  }
  if (failure.kind === 'symbolMissing') {
    const { path, missing } = failure
    return new SessionError(
      'ACL_SYMBOL_MISSING',
      `${path} lacks functions of AscendCL that every CANN from 6.0 on has: ${missing.join(', ')}. It is too old or something else; ${installCann}`,
      { path, missing },
    )
  }
  if (failure.kind === 'otherLibraryLoaded') {
    const { path } = failure
    return new ArgumentTypeError(
      `this process uses the AscendCL library ${path} already, and there can be only one; leave libraryPath out`,
      { option: 'libraryPath', loaded: path },
    )
  }
  return undefined
}

type Attempts = Extract<NativeFailure, { kind: 'libraryNotFound' }>['tried']

/** A screen's worth at most: `detail.tried` has every place. */
function notFoundText(tried: Attempts): string {
  // Where a file was found there is something to mend; the other places have none.
  const isAbsent = ({ path, reason }: Attempts[number]): boolean =>
    reason === 'not there' || (!path.includes('/') && reason.startsWith(`${path}: cannot open`))
  const found = tried.filter(attempt => !isAbsent(attempt)).slice(0, 2)
  const absent = tried.filter(isAbsent).length
  return [
    "AscendCL's library libascendcl.so could not be loaded.",
    ...found.map(({ path, reason }) => `${path}: ${reason}`),
    ...(absent === 0
      ? []
      : [
          `Not in LD_LIBRARY_PATH, nor where CANN is usually installed (${absent} places, see detail.tried).`,
        ]),
    `${installCann}.`,
    simulatorHint,
  ].join('\n')
}

/** Which devices there are to choose from. */
function visibleText(visible: number | undefined): string {
  const variable = process.env['ASCEND_RT_VISIBLE_DEVICES']
  const count =
    visible === undefined
      ? ''
      : visible === 0
        ? ' No NPU is visible to this process.'
        : visible === 1
          ? ' One NPU is visible to this process, number 0.'
          : ` ${visible} NPUs are visible to this process, numbered 0 to ${visible - 1}.`
  const selection =
    variable === undefined
      ? ''
      : ` ASCEND_RT_VISIBLE_DEVICES='${variable}' selects them and renumbers them from 0.`
  return count + selection
}

function noDevice(failure: AclFailure, device: number): SessionError {
  const { visibleDevices } = failure
  const isOutOfRange = visibleDevices !== undefined && device >= visibleDevices
  const advice = isOutOfRange
    ? ''
    : ' See what is there with npu-smi info; the user must be in the group that owns /dev/davinci*, and a container needs those devices and the driver.'
  return new SessionError(
    'ACL_NO_DEVICE',
    `NPU ${device} cannot be used: ${spoken(failure)}.${visibleText(visibleDevices)}${advice}`,
    { ...detailOf(failure, device), ...(visibleDevices !== undefined && { visibleDevices }) },
  )
}

function deviceError(failure: AclFailure, device: number): SessionError | undefined {
  const make = (code: SessionErrorCode, message: string): SessionError =>
    new SessionError(code, message, detailOf(failure, device))
  const { aclError, aclClass } = failure
  const isOpening = openingCalls.has(failure.call)
  if (aclError === ACL_ERROR_COMPILING_STUB_MODE) {
    return make(
      'ACL_LIBRARY_NOT_FOUND',
      `the AscendCL library that was found is a stub for linking (devlib). ${installCann}`,
    )
  }
  if (isOpening && (aclClass === 'deviceOpen' || aclError === ACL_ERROR_RT_INVALID_DEVICEID)) {
    return noDevice(failure, device)
  }
  if (aclClass === 'outOfMemory') {
    return make(
      'ACL_OUT_OF_MEMORY',
      `NPU ${device} or the host has not enough memory: ${spoken(failure)}. Release sessions, or use fewer of them`,
    )
  }
  if (aclClass === 'deviceFault' || aclClass === 'deviceOpen') {
    return make(
      'ACL_DEVICE_FAULT',
      `NPU ${device} broke down: ${spoken(failure)}. Start the process again; if that does not help, look at npu-smi info`,
    )
  }
  return undefined
}

/** Why a session could not be opened. `model` names the model in the message. */
export function openError(
  failure: NativeFailure,
  { device, model }: { device: number; model: string },
): Error {
  const known = libraryError(failure)
  if (known !== undefined) return known
  if (failure.kind === 'internal') {
    if (failure.message === badAlloc) {
      return new SessionError('ACL_OUT_OF_MEMORY', 'the host has not enough memory for the session', {
        device,
      })
    }
    return new ModelError('MODEL_INVALID', `${model} cannot be used: ${failure.message}`, { device })
  }
  if (failure.kind !== 'acl') {
    return new SessionError('ACL_RUNTIME', `the session could not be opened: ${failure.kind}`, { device })
  }
  const ofDevice = deviceError(failure, device)
  if (ofDevice !== undefined) return ofDevice
  const judgesModel = !['notInitialised', 'context', 'resourceExhausted', 'timeout'].includes(
    failure.aclClass,
  )
  if (failure.call.startsWith('aclmdlLoad') && judgesModel) {
    return new ModelError(
      'MODEL_INVALID',
      `${model} cannot be loaded: ${spoken(failure)}. It must be an offline model (.om) that atc made for this SoC, with this CANN or an older one`,
      detailOf(failure, device),
    )
  }
  return new SessionError(
    'ACL_RUNTIME',
    `AscendCL on NPU ${device}: ${spoken(failure)}`,
    detailOf(failure, device),
  )
}

/** Why a session got no thread of its own. */
export function startError(reason: string, device: number): Error {
  if (reason === badAlloc) return openError({ kind: 'internal', message: reason }, { device, model: '' })
  return new SessionError(
    'ACL_RUNTIME',
    `the session could not be started: ${reason}. See how many threads the process may have (ulimit -u, or pids.max of its container)`,
    { device, reason },
  )
}

/** Why a run failed. */
export function runError(failure: NativeFailure, device: number): SessionError {
  if (failure.kind === 'acl') {
    if (failure.aclClass === 'timeout') {
      return new SessionError(
        'RUN_TIMEOUT',
        `the run did not end in time on NPU ${device}: ${spoken(failure)}`,
        detailOf(failure, device),
      )
    }
    return (
      deviceError(failure, device) ??
      new SessionError(
        'RUN_FAILED',
        `AscendCL could not run the model on NPU ${device}: ${spoken(failure)}`,
        detailOf(failure, device),
      )
    )
  }
  if (failure.kind === 'deadline') {
    return new SessionError('RUN_TIMEOUT', 'the time of the run was up before it began', { device })
  }
  if (failure.kind === 'internal' && failure.message === badAlloc) {
    return new SessionError(
      'ACL_OUT_OF_MEMORY',
      'the host has not enough memory for the inputs and outputs of this run; run fewer at a time, or smaller ones',
      { device },
    )
  }
  const reason = failure.kind === 'internal' ? failure.message : failure.kind
  return new SessionError('RUN_FAILED', `the run failed on NPU ${device}: ${reason}`, { device, reason })
}
