// What can be set, by environment variables. README.md has the same list.
import { availableParallelism } from 'node:os'

const whole = (lowest, highest) => ({
  parse: Number,
  isValid: value => Number.isInteger(value) && value >= lowest && value <= highest,
  expected: `a whole number from ${lowest} to ${highest}`,
})
const text = { parse: String, isValid: () => true, expected: 'text' }
const number = { parse: Number, isValid: Number.isFinite, expected: 'a number' }
const oneOf = (...words) => ({
  parse: String,
  isValid: value => words.includes(value),
  expected: words.join(', '),
})

const variables = {
  HOST: { as: 'host', kind: text, usual: '127.0.0.1' },
  PORT: { as: 'port', kind: whole(0, 65_535), usual: 8080 },
  MODEL: { as: 'model', kind: text },
  CALIBRATION: { as: 'calibration', kind: text },
  THRESHOLD: { as: 'threshold', kind: number },
  DEVICE: { as: 'device', kind: oneOf('auto', 'cpu', 'npu', 'npu+cpu'), usual: 'auto' },
  SESSIONS: { as: 'sessions', kind: whole(1, 1024) },
  // Twice as much would not fit into a string of base64.
  MAX_BYTES: { as: 'maxBytes', kind: whole(1, 2 ** 28), usual: 10 * 2 ** 20 },
  MAX_SECONDS: { as: 'maxSeconds', kind: whole(1, 86_400), usual: 300 },
  MAX_REQUESTS: { as: 'maxRequests', kind: whole(1, 10_000), usual: 8 * availableParallelism() },
  TIMEOUT_SECONDS: { as: 'timeoutSeconds', kind: whole(1, 3600), usual: 60 },
  UPLOAD_SECONDS: { as: 'uploadSeconds', kind: whole(1, 3600), usual: 60 },
  DRAIN_SECONDS: { as: 'drainSeconds', kind: whole(0, 600), usual: 0 },
  SHUTDOWN_SECONDS: { as: 'shutdownSeconds', kind: whole(1, 3600), usual: 90 },
  LOG_LEVEL: {
    as: 'logLevel',
    kind: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    usual: 'info',
  },
}

/** Variables that are empty count as not set, as shells and compose files leave them. */
export function readSettings(environment) {
  const settings = {}
  for (const [name, { as, kind, usual }] of Object.entries(variables)) {
    const given = environment[name]?.trim()
    const value = given === undefined || given === '' ? usual : kind.parse(given)
    if (value === undefined) continue
    if (!kind.isValid(value)) throw new RangeError(`${name} is "${given}"; expected ${kind.expected}`)
    settings[as] = value
  }
  return settings
}
