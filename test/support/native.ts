/** What the tests of the NPU side need: the add-on, and the simulator in CANN's place. */
import { join } from 'node:path'
import { requireBuilt, root } from './environment'

export const addonPath = join(root, 'build', 'Release', 'ascend_addon.node')

/** Skips the calling test when there is no add-on. */
export function requireAddon(test: Mocha.Context): string {
  return requireBuilt(test, addonPath, 'the add-on')
}
