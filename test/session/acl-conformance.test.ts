import { AclSession, createPool } from '../../lib/session'
import { OfflineModels, requireSimulator } from '../support/native'
import { describeSession } from './conformance'
import { modelPath } from './support'
import type { ModelName } from './support'

const gears: Partial<Record<ModelName, readonly string[]>> = {
  'dynamic-batch': ['--input_shape=left:-1,3;right:-1,3', '--dynamic_batch_size=1,2,3'],
}

describe('on the simulator', () => {
  let libraryPath: string
  let models: OfflineModels
  before(function () {
    libraryPath = requireSimulator(this)
    models = new OfflineModels()
  })
  after(() => models.remove())
  const om = (model: ModelName): string => models.compile(modelPath(model), gears[model])

  describeSession('AclSession', (model, options) => AclSession.create(om(model), { libraryPath, ...options }))
  describeSession('a pool of one session on an NPU', (model, options) =>
    createPool(om(model), { device: 1, sessions: 1, libraryPath, ...options }),
  )
})
