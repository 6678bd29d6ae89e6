/** The half of the life-cycle table that exit.test.ts leaves out. */
import { join } from 'node:path'
import { root } from '../support/environment'
import { describeEndings, isInWorker } from './table'

describe('the end of a process with a CPU session, the rest of the table', () => {
  describeEndings({
    part: 'other half',
    backEndsFor: ending => (isInWorker(ending) ? ['default'] : ['thread', 'process']),
    surroundings: () => ({ models: join(root, 'test', 'fixtures', 'onnx') }),
  })
})
