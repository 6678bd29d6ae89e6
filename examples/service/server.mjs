// The process: listens, loads the model, and on SIGTERM or SIGINT ends when every accepted request is answered.
import { setTimeout as delay } from 'node:timers/promises'
import { Detector } from 'aasist-ascend'
import { buildApp } from './app.mjs'
import { readSettings } from './settings.mjs'

const settings = settingsOrEnd()
const engine = { detector: null, state: 'loading' }
const app = await buildApp({ engine, settings, logger: { level: settings.logLevel } })

const loading = new AbortController()
let loaded
async function end(signal) {
  engine.state = 'leaving'
  loading.abort()
  app.log.info(`${signal}: ending`)
  const given = setTimeout(() => {
    app.log.error(`not ended within ${settings.shutdownSeconds} s`)
    process.exit(1)
  }, settings.shutdownSeconds * 1000)
  await delay(settings.drainSeconds * 1000)
  engine.state = 'closing'
  await app.close()
  await loaded
  await engine.detector?.release()
  clearTimeout(given)
  app.log.info('ended')
}
// The second signal ends it at once, as it would any program.
let ending = false
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (ending) process.exit(signal === 'SIGTERM' ? 143 : 130)
    ending = true
    void end(signal)
  })
}

await app.listen({ host: settings.host, port: settings.port })
loaded = load().catch(async error => {
  if (loading.signal.aborted) return
  app.log.fatal(error)
  process.exitCode = 1
  await app.close()
})

async function load() {
  const { model, calibration, threshold, device, sessions, maxSeconds } = settings
  const options = {
    model,
    calibration,
    threshold,
    device,
    sessions,
    maxSeconds,
    queueLimit: settings.maxRequests,
  }
  engine.detector = await Detector.load({
    // A variable that is not set is not a value.
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    signal: loading.signal,
  })
  if (engine.state === 'loading') engine.state = 'ready'
  const { device: found, whyNotNpu } = engine.detector
  app.log.info({ device: found, whyNotNpu }, 'ready')
}

function settingsOrEnd() {
  try {
    return readSettings(process.env)
  } catch (error) {
    console.error(error.message)
    return process.exit(2)
  }
}
