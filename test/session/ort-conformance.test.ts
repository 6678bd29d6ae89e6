import { OrtSession, createPool } from '../../lib/session'
import { describeSession } from './conformance'
import { modelPath } from './support'

describeSession('OrtSession in a worker thread', (model, options) =>
  OrtSession.create(modelPath(model), { threads: 1, isolation: 'thread', ...options }),
)
describeSession('OrtSession in a child process', (model, options) =>
  OrtSession.create(modelPath(model), { threads: 1, isolation: 'process', ...options }),
)
describeSession('a pool of one session', (model, options) =>
  createPool(modelPath(model), { sessions: 1, isolation: 'thread', ...options }),
)
