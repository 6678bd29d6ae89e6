// The service without a process around it: routes, limits, and what is told of them.
import multipart from '@fastify/multipart'
import Fastify from 'fastify'
import { answerTo, Refusal } from './answers.mjs'
import { createMetrics } from './metrics.mjs'
import { openApi } from './openapi.mjs'
import { addPage } from './page.mjs'
import { scoreUpload } from './score.mjs'
import { base64Bytes, wrappingBytes } from './upload.mjs'

/**
 * @param engine { detector, state }: the loaded Detector or null, and `loading`, `ready`, `leaving` (serves, but wants no
 * more) or `closing`
 */
export async function buildApp({ engine, settings, logger = false }) {
  const { maxBytes, maxRequests } = settings
  const app = Fastify({
    logger,
    bodyLimit: base64Bytes(maxBytes),
    requestTimeout: settings.uploadSeconds * 1000,
    // While it closes, the answers are this file's own.
    return503OnClosing: false,
    exposeHeadRoutes: true,
  })
  // JSON and, below, forms; Fastify would take plain text too.
  app.removeContentTypeParser('text/plain')
  const metrics = createMetrics(engine)

  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = answerTo(error, maxBytes)
    if (status === 500) request.log.error(error)
    metrics.refused.inc({ code: body.code })
    return reply.code(status).headers(headers).send(body)
  })
  // The hook, because behind it a method with a body fails for its body first.
  app.setNotFoundHandler(async () => undefined)
  app.addHook('onRequest', async (request, reply) => {
    const beganAt = process.hrtime.bigint()
    reply.raw.once('close', () => {
      const status = reply.raw.writableFinished ? String(reply.raw.statusCode) : 'aborted'
      const seconds = Number(process.hrtime.bigint() - beganAt) / 1e9
      metrics.seconds.observe({ route: request.routeOptions.url ?? 'none', status }, seconds)
    })
    if (request.is404) throw nothingThere(app, request)
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    // A connection that stays open would keep the service from ending.
    if (engine.state === 'closing') reply.header('connection', 'close')
  })

  await app.register(multipart, {
    limits: { files: 1, fileSize: maxBytes, fields: 0, headerPairs: 32 },
  })

  // Before the body is read: what waits with its body takes memory.
  let accepted = 0
  const admit = async (request, reply) => {
    const site = request.headers['sec-fetch-site']
    if (site === 'cross-site' || site === 'same-site') {
      throw new Refusal(403, 'CROSS_SITE', 'pages of other sites may not send recordings here')
    }
    if (engine.detector === null)
      throw new Refusal(503, 'NOT_READY', 'the model is being loaded; try again soon')
    if (engine.state === 'closing')
      throw new Refusal(503, 'CLOSING', 'the service is ending; try another one')
    if (Number(request.headers['content-length']) > base64Bytes(maxBytes) + wrappingBytes) {
      throw new Refusal(413, 'BODY_TOO_LARGE', `at most ${maxBytes} bytes of audio are taken`)
    }
    if (accepted >= maxRequests) {
      throw new Refusal(
        429,
        'BUSY',
        `${accepted} recordings are in work, as many as are taken; try again soon`,
      )
    }
    accepted += 1
    metrics.accepted.set(accepted)
    reply.raw.once('close', () => {
      accepted -= 1
      metrics.accepted.set(accepted)
    })
  }

  app.post('/v1/score', { onRequest: admit }, async (request, reply) => {
    const left = new AbortController()
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) left.abort(new Refusal(400, 'ABORTED', 'the client left'))
    })
    const answer = await scoreUpload(engine.detector, request, settings, left.signal)
    metrics.scored.inc({ decision: answer.decision ?? 'none' })
    metrics.audioSeconds.inc(answer.durationSeconds)
    return answer
  })

  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    const sessions = engine.detector?.stats().sessions ?? 0
    const state = engine.state === 'ready' && sessions === 0 ? 'no session' : engine.state
    return reply.code(state === 'ready' ? 200 : 503).send({ status: state })
  })
  app.get('/metrics', async (request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
  const document = openApi(settings)
  app.get('/openapi.json', async () => document)
  await addPage(app)
  return app
}

function nothingThere(app, { method, url }) {
  const path = url.split('?', 1)[0]
  const methods = ['GET', 'POST'].filter(known => app.hasRoute({ method: known, url: path }))
  if (methods.length === 0) return new Refusal(404, 'NOT_FOUND', `there is nothing at ${path}`)
  const allow = methods.includes('GET') ? 'GET, HEAD' : methods.join()
  return new Refusal(405, 'METHOD_NOT_ALLOWED', `${path} takes ${allow}, not ${method}`, { allow })
}
