// Errors of the service, of Fastify and of aasist-ascend as answers: an HTTP status and { code, message }.

/** A request that cannot be served, for a reason its sender may know. */
export class Refusal extends Error {
  constructor(status, code, message, headers = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

const statuses = {
  AUDIO_UNSUPPORTED: 415,
  AUDIO_TRUNCATED: 422,
  AUDIO_CORRUPT: 422,
  AUDIO_EMPTY: 422,
  AUDIO_TOO_LARGE: 413,
  QUEUE_FULL: 429,
  RUN_TIMEOUT: 503,
  SESSION_FAULTED: 503,
  SESSION_RELEASED: 503,
  FST_ERR_CTP_BODY_TOO_LARGE: 413,
  FST_REQ_FILE_TOO_LARGE: 413,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 415,
}

/** Of 429 and 503. A clip takes a fraction of a second, and whoever is told no less than that comes too early. */
const retryAfterSeconds = 1

/** @returns { status, headers, body } */
export function answerTo(error, maxBytes) {
  const { status, code, message, headers } = described(error, maxBytes)
  const later = status === 429 || status === 503 ? { 'retry-after': String(retryAfterSeconds) } : {}
  return { status, headers: { ...headers, ...later }, body: { code, message } }
}

function described(error, maxBytes) {
  const { code, message } = error
  if (error instanceof Refusal) return error
  const status = statuses[code] ?? error.statusCode ?? 500
  if (status === 413 && code !== 'AUDIO_TOO_LARGE') {
    return { status, code: 'BODY_TOO_LARGE', message: `at most ${maxBytes} bytes of audio are taken` }
  }
  if (status === 415 && code !== 'AUDIO_UNSUPPORTED') return { status, code: 'MEDIA_TYPE', message }
  if (code in statuses) return { status, code, message }
  if (status >= 400 && status < 500) return { status: 400, code: 'BODY_INVALID', message }
  // Its message may tell of files and devices; the log has it.
  return { status: 500, code: 'INTERNAL', message: 'the service failed; its log says why' }
}
