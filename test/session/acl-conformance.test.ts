import { AclSession, createPool } from '../../lib/session'
import { simulatedNpu } from '../support/native'
import { describeSession } from './conformance'
import { modelPath } from './support'
import type { ModelName } from './support'

const gears: Partial<Record<ModelName, readonly string[]>> = {
  'dynamic-batch': ['--input_shape=left:-1,3;right:-1,3', '--dynamic_batch_size=1,2,3'],
}

describe('on the simulator', () => {
  const npu = simulatedNpu()
  const om = (model: ModelName): string => npu.models.compile(modelPath(model), gears[model])

  describeSession('AclSession', (model, options) =>
    AclSession.create(om(model), { libraryPath: npu.libraryPath, ...options }),
  )
  describeSession('a pool of one session on an NPU', (model, options) =>
    createPool(om(model), { device: 1, sessions: 1, libraryPath: npu.libraryPath, ...options }),
  )
})
