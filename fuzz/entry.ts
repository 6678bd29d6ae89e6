/** What jazzer loads: the target that the environment names. */
import { planted } from './planted'
import { judge } from './target'
import { targets } from './targets'

const name = process.env['AASIST_FUZZ_TARGET']
const target = [...targets, planted].find(each => each.name === name)
if (target === undefined)
  throw new Error(`AASIST_FUZZ_TARGET is ${String(name)}, expected the name of a target`)

export const fuzz = (bytes: Uint8Array): void | Promise<void> => judge(target, bytes)
