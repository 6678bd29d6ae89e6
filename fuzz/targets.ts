/** Every parser of bytes or text from outside; docs/reliability.md says which are not here, and why. */
import type { Target } from './target'
import { audioTargets } from './targets/audio'
import { datasetTargets } from './targets/dataset'
import { modelTargets } from './targets/models'
import { recordTargets } from './targets/records'
import { toolTargets } from './targets/tools'

export const targets: readonly Target[] = [
  ...modelTargets,
  ...audioTargets,
  ...datasetTargets,
  ...toolTargets,
  ...recordTargets,
]
