/** From a model to a native session that has loaded it, with all that may come in between. */
import { ArgumentRangeError, errorMessage } from '../errors'
import { untilAborted } from '../abort-listeners'
import { endsWithin } from './ends-within'
import { openError, startError } from './acl-errors'
import { describeModel } from './acl-model'
import type { ModelDescription } from './acl-model'
import type { AclSettings } from './acl-options'
import { loadAddon } from './binding'
import type { NativeEvent, NativeModel, NativeSession } from './binding'
import { warn } from './diagnostics'

export interface Opened {
  readonly native: NativeSession
  readonly model: NativeModel
  readonly description: ModelDescription
  readonly closed: Promise<void>
}

const openedHere = new WeakSet<Opened>()

/** Whether `openModel` made it: only with such a one there is a session. */
export function isOpened(opened: Opened): boolean {
  return openedHere.has(opened)
}

function start(
  model: string | Uint8Array,
  { libraryPath, device, outputBytes, exitWaitMs }: AclSettings,
): NativeSession {
  const { Session: Native } = loadAddon()
  try {
    return new Native({ library: libraryPath, device, model, outputBytes, exitWaitMs })
  } catch (error) {
    throw startError(errorMessage(error), device)
  }
}

/** Opens a model on the session's own thread. Whatever goes wrong, no thread stays behind that could end. */
export async function openModel(model: string | Uint8Array, settings: AclSettings): Promise<Opened> {
  const { device, outputBytes, exitWaitMs, signal } = settings
  const native = start(model, settings)
  let onClosed: (() => void) | undefined
  const closed = new Promise<void>(resolve => {
    onClosed = resolve
  })
  const outcome = new Promise<NativeEvent & { kind: 'opened' | 'failed' }>(resolve => {
    native.onEvent = event => {
      if (event.kind === 'closed') {
        if (event.leftBehind) warnOfMemory(device)
        onClosed?.()
      } else if (event.kind !== 'runFailed') resolve(event)
    }
  })
  try {
    const event = await untilAborted(outcome, signal)
    // Made here and not in the listener: its stack then leads to the caller.
    if (event.kind === 'failed') throw openError(event.failure, { device, model: nameOf(model) })
    const description = describeModel(event)
    checkOutputNames(Object.keys(outputBytes), description)
    const opened = { native, model: event, description, closed }
    openedHere.add(opened)
    return opened
  } catch (error) {
    native.close()
    // Loading cannot be interrupted. After an abort nobody waits for it: the thread leaves when it is through.
    if (signal?.aborted === true) native.letGo()
    else if (!(await endsWithin(closed, exitWaitMs))) native.abandon()
    throw error
  }
}

function checkOutputNames(given: readonly string[], { outputs }: ModelDescription): void {
  const known = outputs.map(({ name }) => name)
  const unknown = given.find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new ArgumentRangeError(
    `outputBytes names "${unknown}", and the model has the outputs ${known.join(', ')}`,
    { option: 'outputBytes', known },
  )
}

function nameOf(model: string | Uint8Array): string {
  return typeof model === 'string' ? model : 'the model'
}

function warnOfMemory(device: number): void {
  warn(
    'ACL_MEMORY_ABANDONED',
    `NPU ${device} did not confirm that it has ended a run; the session's model and memory are left behind, ` +
      'because it may still be using them',
  )
}
