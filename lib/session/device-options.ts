/** Which options mean something on which device: one that would do nothing is refused, not ignored. */
import { ArgumentTypeError } from '../errors'
import type { DeviceChoice } from './devices'
import type { ModelForms } from './model-forms'

/** `either`: the machine decides, or both compute, so options of both are in place. */
export type Target = 'cpu' | 'npu' | 'either'

const optionsOnlyOf = {
  cpu: ['threads', 'threadsPerSession', 'isolation', 'graphOptimization', 'memory'],
  npu: ['libraryPath', 'outputBytes'],
} as const

const shownAs = { cpu: 'the CPU', npu: 'an NPU' } as const

/** What a model in these forms runs on. That a form is missing is found when a session opens. */
export function targetOf({ om, onnx }: ModelForms, choice: DeviceChoice): Target {
  if (choice === 'cpu') return 'cpu'
  if (choice === 'npu+cpu') return 'either'
  if (choice !== 'auto') return 'npu'
  if (om === undefined) return 'cpu'
  return onnx === undefined ? 'npu' : 'either'
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` for an option of the other back end */
export function checkDeviceOptions(options: object, target: Target, where: string): void {
  if (target === 'either') return
  const other = target === 'cpu' ? 'npu' : 'cpu'
  const given = options as Readonly<Record<string, unknown>>
  const option = optionsOnlyOf[other].find(name => given[name] !== undefined)
  if (option === undefined) return
  throw new ArgumentTypeError(
    `${option} is an option of sessions on ${shownAs[other]}, and ${where} opens this model on ${shownAs[target]}; leave ${option} out`,
    { option, target },
  )
}
