/** Fewer lives than in leaks.sweep.ts where each takes a second. */
import { describeLives } from './leaks'

describeLives({
  'OrtSession (thread)': 60,
  'OrtSession (process)': 40,
  'SessionPool on the CPU': 40,
  Detector: 40,
  AclSession: 200,
  'SessionPool of two NPUs': 200,
})
