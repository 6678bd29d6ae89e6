// The interface as an OpenAPI document. conformance.sh holds the service to it.
import { longestHopSeconds, shortestHopSeconds } from './score.mjs'
import { base64Bytes, wrappingBytes } from './upload.mjs'

/** A hundredth of a second of silence at 16 kHz: the smallest thing that can be tried out. */
function exampleWav() {
  const dataBytes = 320
  const wav = Buffer.alloc(44 + dataBytes)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(36 + dataBytes, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(16_000, 24)
  wav.writeUInt32LE(32_000, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(dataBytes, 40)
  return wav
}

const nullable = type => ({ type: [type, 'null'] })
const json = schema => ({ 'application/json': { schema } })
const ref = name => ({ $ref: `#/components/schemas/${name}` })

const failures = {
  400: 'Not a request this service knows: `BODY_INVALID`, `QUERY_INVALID`',
  403: 'From a page of another site: `CROSS_SITE`',
  413: 'Too large or too long: `BODY_TOO_LARGE`, `AUDIO_TOO_LARGE`',
  415: 'Neither a form nor JSON (`MEDIA_TYPE`), or neither WAV nor FLAC in it (`AUDIO_UNSUPPORTED`)',
  422: 'A WAV or FLAC file that cannot be used: `AUDIO_TRUNCATED`, `AUDIO_CORRUPT`, `AUDIO_EMPTY`',
  429: 'As many requests as are taken are in work: `BUSY`, `QUEUE_FULL`',
  500: 'The service failed: `INTERNAL`',
  503: 'Not now: `NOT_READY`, `CLOSING`, `TIMEOUT`, `SESSION_FAULTED`, `SESSION_RELEASED`',
}

function failure(status, description) {
  const headers = {
    'Retry-After': { description: 'Seconds until it is worth another try', schema: { type: 'integer' } },
  }
  return {
    description,
    ...((status === '429' || status === '503') && { headers }),
    content: json(ref('Failure')),
  }
}

const plain = (summary, responses) => ({ get: { summary, responses } })
const text = (description, type) => ({ description, content: { [type]: { schema: { type: 'string' } } } })
const state = description => ({ description, content: json(ref('State')) })

export function openApi({ maxBytes, maxSeconds }) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Genuine or spoofed speech',
      version: '0.1.0',
      description: `Scores WAV and FLAC recordings of at most ${maxBytes} bytes and ${maxSeconds} s with AASIST.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/v1/score': {
        post: {
          summary: 'Score a recording',
          operationId: 'score',
          parameters: [
            {
              name: 'hopSeconds',
              in: 'query',
              description: 'Asks for the scores of windows, one every so many seconds',
              schema: { type: 'number', minimum: shortestHopSeconds, maximum: longestHopSeconds },
            },
          ],
          requestBody: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: {
                  type: 'object',
                  required: ['file'],
                  additionalProperties: false,
                  properties: {
                    file: { type: 'string', format: 'binary', description: 'A WAV or FLAC file' },
                  },
                },
              },
              'application/json': {
                schema: {
                  type: 'object',
                  required: ['audio'],
                  additionalProperties: false,
                  properties: {
                    audio: {
                      type: 'string',
                      description: 'A WAV or FLAC file in base64',
                      pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
                      maxLength: base64Bytes(maxBytes) - wrappingBytes,
                    },
                  },
                },
                example: { audio: exampleWav().toString('base64') },
              },
            },
          },
          responses: {
            200: { description: 'The score', content: json(ref('Score')) },
            ...Object.fromEntries(
              Object.entries(failures).map(([status, description]) => [status, failure(status, description)]),
            ),
          },
        },
      },
      '/healthz': plain('Whether the process lives', { 200: state('It does') }),
      '/readyz': plain('Whether it takes recordings', { 200: state('It does'), 503: state('Not now') }),
      '/metrics': plain('Figures for Prometheus', {
        200: text('Text format 0.0.4', 'text/plain'),
      }),
      '/openapi.json': plain('This document', {
        200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) },
      }),
      '/': plain('The page', { 200: text('HTML', 'text/html') }),
    },
    components: { schemas },
  }
}

const decision = {
  enum: ['bonafide', 'spoof', null],
  description: 'null without a threshold: a score alone does not say where to draw the line',
}

const schemas = {
  Score: {
    type: 'object',
    required: ['score', 'decision', 'threshold', 'durationSeconds', 'device', 'warnings', 'windows'],
    additionalProperties: false,
    properties: {
      score: { type: 'number', description: 'Of the first 4.04 s; higher is more genuine; no probability' },
      decision,
      threshold: nullable('number'),
      thresholdSource: nullable('string'),
      logLikelihoodRatio: nullable('number'),
      spoofProbability: nullable('number'),
      durationSeconds: { type: 'number', exclusiveMinimum: 0 },
      device: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { enum: ['cpu', 'npu'] } },
      },
      warnings: { type: 'array', items: ref('Failure') },
      windows: {
        description: 'null unless hopSeconds asked for them and the service can tell',
        type: ['array', 'null'],
        items: ref('Window'),
      },
    },
  },
  Window: {
    type: 'object',
    required: ['startSeconds', 'endSeconds', 'score', 'decision'],
    additionalProperties: false,
    properties: {
      startSeconds: { type: 'number', minimum: 0 },
      endSeconds: { type: 'number', exclusiveMinimum: 0 },
      score: { ...nullable('number'), description: 'null where there is nothing to be heard' },
      decision,
    },
  },
  State: {
    type: 'object',
    required: ['status'],
    properties: { status: { enum: ['ok', 'loading', 'ready', 'no session', 'leaving', 'closing'] } },
  },
  Failure: {
    type: 'object',
    description: 'What went wrong, or what to know: the code is stable, the message is for people',
    required: ['code', 'message'],
    additionalProperties: false,
    properties: { code: { type: 'string' }, message: { type: 'string' } },
  },
}
